import { TaskError } from "./errors.js";

/**
 * The cross-entropy of one record: minus the log-probability of its label among the label words.
 *
 * Log-sum-exp in float64, shifted by the largest logit, so that it is finite whenever the logits are.
 *
 * @param logits One for each label word.
 * @param label Index of the true one.
 * @throws {TaskError} code `invalid-label` if `label` is not an index of `logits`.
 * @example
 * labelLoss(Float32Array.of(0, 0), 1); // Math.log(2)
 */
export function labelLoss(logits: ArrayLike<number>, label: number): number {
  const target = logits[label];
  if (target === undefined) {
    throw new TaskError("invalid-label", {
      message: `A label index is outside the ${logits.length} label words.`,
      value: logits.length,
      expected: `0 to ${logits.length - 1}`,
    });
  }
  let largest = -Infinity;
  for (let index = 0; index < logits.length; index += 1) largest = Math.max(largest, logits[index] ?? 0);
  let sum = 0;
  for (let index = 0; index < logits.length; index += 1) sum += Math.exp((logits[index] ?? 0) - largest);
  return Math.log(sum) - (target - largest);
}

/** The index of the largest value; of equals the lowest, and 0 if none is a number. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN;
    const leader = values[best] ?? Number.NaN;
    if (value > leader || (Number.isNaN(leader) && !Number.isNaN(value))) best = index;
  }
  return best;
}
