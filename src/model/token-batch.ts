import type { Activations } from "../tensor.js";
import type { ModelDescription, TokenBatch } from "./description.js";
import { ModelError } from "./errors.js";

/** One tokenised record: ids with special tokens, and the positions the head reads. */
export interface TokenRecord {
  readonly inputIds: Int32Array;
  /** Segments; models without segments do not look at them. */
  readonly tokenTypeIds: Int32Array;
  /** The position that is read: the mask token, or a decoder's last token. */
  readonly maskPosition: number;
  /**
   * The positions that are read instead of `maskPosition`, in increasing order, for an objective that reads
   * several; a decoder's token at position p is predicted at p - 1.
   */
  readonly readPositions?: readonly number[];
}

/**
 * Pads records on the right to `positions` tokens and lays out everything the stages read.
 *
 * Besides what the architecture asks for: `input_ids` [records, positions], and `rows`, the read positions as rows
 * of the flattened batch, record by record.
 *
 * @throws {ModelError} `too-many-tokens` if `positions` is more than the model can tell apart.
 */
export function batchActivations(
  description: ModelDescription,
  records: readonly TokenRecord[],
  positions: number,
): Activations {
  if (positions > description.maximumTokens) throw tooMany(description, positions);
  const size = records.length * positions;
  const inputIds = new Int32Array(size).fill(description.padTokenId);
  const tokenTypeIds = new Int32Array(size);
  records.forEach((record, index) => {
    inputIds.set(record.inputIds, index * positions);
    tokenTypeIds.set(record.tokenTypeIds, index * positions);
  });
  const lengths = Int32Array.from(records, ({ inputIds: ids }) => ids.length);
  const batch: TokenBatch = { records: records.length, positions, inputIds, tokenTypeIds, lengths };
  const rows = records.flatMap(({ readPositions, maskPosition }, index) =>
    (readPositions ?? [maskPosition]).map((position) => index * positions + position),
  );
  return {
    input_ids: { data: inputIds, dims: [records.length, positions] },
    rows: { data: Int32Array.from(rows), dims: [rows.length] },
    ...description.batchInputs(batch),
  };
}

function tooMany({ architecture, maximumTokens }: ModelDescription, positions: number): ModelError {
  return new ModelError("too-many-tokens", {
    message: `An input of ${positions} tokens is longer than this ${architecture} model takes.`,
    value: positions,
    expected: `at most ${maximumTokens}`,
    next: "Cut the texts; a maximum below max_position_embeddings is a sliding window.",
  });
}
