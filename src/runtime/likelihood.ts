import type { Tensor } from "./runtime.js";

/**
 * The log-probability of one token in each row of logits, over the whole vocabulary.
 *
 * Log-sum-exp in float64, shifted by the largest logit, so that it is finite whenever the logits are.
 *
 * @param logits [rows, vocabulary]
 * @param targets a token id for each row
 * @example
 * // two tokens, equally likely
 * tokenLogLikelihoods({ data: Float32Array.of(0, 0), dims: [1, 2] }, [1]); // [-Math.log(2)]
 */
export function tokenLogLikelihoods({ data, dims }: Tensor, targets: ArrayLike<number>): Float64Array {
  const [rows = 0, width = 0] = dims;
  return Float64Array.from({ length: rows }, (_, row) => {
    const logits = data.subarray(row * width, (row + 1) * width);
    let largest = -Infinity;
    for (let at = 0; at < width; at += 1) largest = Math.max(largest, logits[at] ?? 0);
    let sum = 0;
    for (let at = 0; at < width; at += 1) sum += Math.exp((logits[at] ?? 0) - largest);
    return (logits[targets[row] ?? -1] ?? Number.NaN) - largest - Math.log(sum);
  });
}
