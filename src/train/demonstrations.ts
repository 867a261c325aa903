import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import type { ModelKind, Task, TaskRecord, TextTokenizer } from "../tasks/index.js";

/** What is shown before a prompt, for in-context learning. */
export interface Demonstrations {
  /** PUBLIC records: what is shown stands in every prompt, and comes back in what a model writes. */
  readonly records: readonly TaskRecord[];
  /** Most to show. */
  readonly count: number;
  /** Decides which records, and in which order. */
  readonly seed: number;
}

/** Demonstrations as one text. */
export interface ShownDemonstrations {
  readonly lead: string;
  /** Tokens of `lead`. */
  readonly tokens: number;
  /** How many there are. */
  readonly shots: number;
}

/** Between demonstrations, and before the prompt. */
const separators: Readonly<Record<ModelKind, string>> = { "causal-lm": "\n\n", "masked-lm": " " };

/**
 * Draws demonstrations and pastes them together, as many of `count` as the model takes before a longest prompt.
 *
 * The draw is a function of seed and line numbers; each demonstration is cut as a prompt by itself would be.
 *
 * @param task the task without demonstrations
 * @param model its kind, and the most tokens it takes
 * @throws {TaskError} `unknown-label`, `missing-answers`, `missing-text` for a record that is shown
 */
export function chooseDemonstrations(
  task: Task,
  tokenizer: TextTokenizer,
  { records, count, seed }: Demonstrations,
  model: { readonly kind: ModelKind; readonly longest: number },
): ShownDemonstrations {
  const room = model.longest - task.description.maximumTokens;
  const separator = separators[model.kind];
  let shown: ShownDemonstrations = { lead: "", tokens: 0, shots: 0 };
  for (const record of drawn(records, seed).slice(0, count)) {
    const lead = `${shown.lead}${task.demonstration(record)}${separator}`;
    const tokens = tokenizer.encodePlain(lead).length;
    if (tokens > room) break;
    shown = { lead, tokens, shots: shown.shots + 1 };
  }
  return shown;
}

/** The records in an order that the seed decides. */
function drawn(records: readonly TaskRecord[], seed: number): readonly TaskRecord[] {
  const place = (record: TaskRecord): string =>
    bytesToHex(sha256(new TextEncoder().encode(`dpzo/shots/1\n${seed}\n${record.line}`)));
  return records
    .map((record) => ({ record, at: place(record) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ record }) => record);
}
