import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TaskError } from "../errors.js";
import { createTokenizer, type TextTokenizer } from "../tokenizer.js";

interface Golden {
  readonly texts: readonly string[];
  readonly models: readonly unknown[];
  readonly tokenizers: readonly {
    readonly tokenizer: Readonly<Record<string, unknown>>;
    readonly model: number;
    readonly hashes: string;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../../test/golden/tokenizers.json", import.meta.url), "utf8"),
) as Golden;

/** FNV-1a in 32 bits, as `make-golden.py` writes it. */
function hashOf(ids: readonly number[]): string {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(ids.join(",")))
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}

function opened(tokenizer: unknown): TextTokenizer | string {
  try {
    return createTokenizer({ tokenizer });
  } catch (error) {
    if (error instanceof TaskError && error.code === "invalid-tokenizer") return error.message;
    throw error;
  }
}

const results = golden.tokenizers.map(({ tokenizer: parts, model, hashes }) => {
  const tokenizer = opened({ ...parts, model: golden.models[model] });
  const expected = golden.texts.map((_, index) => hashes.slice(8 * index, 8 * index + 8));
  const wrong =
    typeof tokenizer === "string"
      ? []
      : golden.texts.filter((text, index) => hashOf(tokenizer.encode(text)) !== expected[index]);
  return { parts, model, wrong, refusal: typeof tokenizer === "string" ? tokenizer : undefined };
});
const described = ({ parts, model }: (typeof results)[number]): string =>
  `${JSON.stringify(parts)} model ${model}`;

describe("every tokenizer of test/golden/tokenizers.json", () => {
  test("gives the ids of Python's tokenizers for every text, or is refused by name", () => {
    const wrong = results.filter((result) => result.wrong.length > 0);
    expect(wrong.map((result) => [described(result), result.wrong])).toEqual([]);
  });

  test("is refused only where docs/tokenizers.md says so", () => {
    const refused = results.flatMap(({ refusal }) => refusal ?? []);
    const reasons = new Map<string, number>();
    for (const refusal of refused) {
      const reason = refusal.replace(/^tokenizer\.json cannot be read at "[^"]*": /, "").slice(0, 60);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    expect(Object.fromEntries(reasons)).toMatchInlineSnapshot(`
      {
        "Invalid input: expected number, received null.": 6,
        "the component "ByteLevel" is not supported. Expected one of ": 2,
        "the component "CharDelimiterSplit" is not supported. Expecte": 1,
        "the component "FixedLength" is not supported. Expected one o": 1,
        "the component "Nmt" is not supported. Expected one of BertNo": 4,
        "the component "UnicodeScripts" is not supported. Expected on": 1,
        "the pattern "(?:ab|a)(?=b)?" repeats looking ahead.": 1,
        "the pattern "(?<=a)b" has a group of a kind that dpzo does n": 1,
        "the pattern "(?>a|b)" has a group of a kind that dpzo does n": 1,
        "the pattern "(?i:ß)" ignores the case of letters beyond ASCI": 1,
        "the pattern "(a+)+" repeats a group too often, or one that h": 1,
        "the pattern "[[:alpha:]]+" has a POSIX class.": 1,
        "the pattern "[a&&b]" has a class that dpzo does not read.": 1,
        "the pattern "\\\\bx" has "\\b".": 1,
        "the pattern "\\\\p{L}++" has a lazy, possessive or repeated qu": 1,
        "the pattern "^a" has a "^" that dpzo does not read.": 1,
        "the pattern "a*" matches the empty text.": 1,
        "the pattern "a+?" has a lazy, possessive or repeated quantif": 1,
        "the token "<url>" has the id 7, and Python's tokenizers woul": 1,
      }
    `);
  });
});
