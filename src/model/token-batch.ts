import type { Activations } from "../runtime/stage-runner.js";
import type { ModelDescription, TokenBatch } from "./description.js";

/** One tokenised record: ids with special tokens, and the position the head reads. */
export interface TokenRecord {
  readonly inputIds: Int32Array;
  readonly tokenTypeIds: Int32Array;
  readonly maskPosition: number;
}

/** Added to attention scores of padding: the softmax of it is exactly zero in float32. */
const hidden = -3.0e38;

/**
 * Pads records to `positions` tokens and lays out everything the stages of an encoder read.
 *
 * Shapes: `input_ids`, `token_type_ids`, `position_ids` [records, positions]; `attention_bias`
 * [records, 1, 1, positions]; `rows` [records], the read position as a row of the flattened batch.
 */
export function batchActivations(
  description: ModelDescription,
  records: readonly TokenRecord[],
  positions: number,
): Activations {
  const size = records.length * positions;
  const inputIds = new Int32Array(size).fill(description.padTokenId);
  const tokenTypeIds = new Int32Array(size);
  const bias = new Float32Array(size).fill(hidden);
  records.forEach((record, index) => {
    inputIds.set(record.inputIds, index * positions);
    tokenTypeIds.set(record.tokenTypeIds, index * positions);
    bias.fill(0, index * positions, index * positions + record.inputIds.length);
  });
  const lengths = Int32Array.from(records, ({ inputIds: ids }) => ids.length);
  const batch: TokenBatch = { records: records.length, positions, inputIds, tokenTypeIds, lengths };
  const dims = [records.length, positions];
  return {
    input_ids: { data: inputIds, dims },
    token_type_ids: { data: tokenTypeIds, dims },
    position_ids: { data: description.positionIds(batch), dims },
    attention_bias: { data: bias, dims: [records.length, 1, 1, positions] },
    rows: {
      data: Int32Array.from(records, ({ maskPosition }, i) => i * positions + maskPosition),
      dims: [records.length],
    },
  };
}
