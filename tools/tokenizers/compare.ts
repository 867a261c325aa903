import { createInterface } from "node:readline";
import { TaskError } from "../../src/tasks/errors.js";
import { createTokenizer } from "../../src/tasks/tokenizer.js";

/** Reads what `fuzz.py` writes and counts tokenizers that agree, are refused by name, or differ; prints those that differ. */
interface Line {
  readonly tokenizer: unknown;
  readonly rows: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const counts = { agree: 0, refused: 0, differ: 0, texts: 0 };
const reasons = new Map<string, number>();
for await (const line of createInterface({ input: process.stdin })) {
  const { tokenizer: definition, rows } = JSON.parse(line) as Line;
  try {
    const tokenizer = createTokenizer({ tokenizer: definition });
    const wrong = rows.filter(
      ({ text, ids }) => JSON.stringify(tokenizer.encode(text)) !== JSON.stringify(ids),
    );
    counts.texts += rows.length;
    counts[wrong.length === 0 ? "agree" : "differ"] += 1;
    for (const { text, ids } of wrong.slice(0, 1)) {
      const parts = JSON.stringify(definition, (key, value: unknown) =>
        key === "vocab" || key === "merges" ? undefined : value,
      );
      console.log(parts, JSON.stringify({ text, python: ids, dpzo: tokenizer.encode(text) }));
    }
  } catch (error) {
    if (!(error instanceof TaskError) || error.code !== "invalid-tokenizer") throw error;
    counts.refused += 1;
    const reason = error.message.replace(/^.*?": /, "").slice(0, 50);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
}
console.log(counts, Object.fromEntries(reasons));
