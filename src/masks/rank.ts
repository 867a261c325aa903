import { orderedKey } from "./select.js";
import type { RankWeights } from "./spec.js";

/** The kept weights of one tensor with the scores of all its weights. */
interface Kept {
  readonly scores: Float32Array;
  readonly indices: Uint32Array;
}

/**
 * w = high - (high - low) * rank / N over all N kept weights, rank 0 the highest score; equal scores rank by tensor
 * and index. One array a tensor, in the order of its indices.
 *
 * @see DP-ZOPO's `rank` mode with 1.2 and 0.8; methods.md 1.5. There the factor is in the perturbation only (D15);
 *   here it belongs to the direction, and so is in both.
 */
export function rankFactors(tensors: readonly Kept[], { high, low }: RankWeights): Float32Array[] {
  const total = tensors.reduce((count, { indices }) => count + indices.length, 0);
  const order = new BigUint64Array(total);
  let at = 0;
  for (const { scores, indices } of tensors) {
    for (const index of indices) {
      // The complement makes ascending order the order of falling scores.
      const key = 0xffffffff - orderedKey(scores[index] ?? 0);
      order[at] = (BigInt(key) << 32n) | BigInt(at);
      at += 1;
    }
  }
  order.sort();
  const factors = new Float32Array(total);
  order.forEach((entry, rank) => {
    factors[Number(entry & 0xffffffffn)] = high - ((high - low) * rank) / total;
  });
  let start = 0;
  return tensors.map(({ indices }) => factors.slice(start, (start += indices.length)));
}
