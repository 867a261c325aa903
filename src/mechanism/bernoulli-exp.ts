import type { UniformSource } from "../sampling/index.js";

/**
 * One trial that succeeds with probability exactly exp(-gamma), gamma in [0, 1], given trials of `gamma / k`.
 *
 * @param chance a fresh Bernoulli(gamma / k) for k = 1, 2, ...
 * @see Canonne, Kamath, Steinke 2020, https://arxiv.org/abs/2004.00010, Algorithm 1
 */
function bernoulliExp(chance: (k: number) => boolean): boolean {
  let k = 1;
  while (chance(k)) k += 1;
  return k % 2 === 1;
}

/**
 * True with probability exactly exp(-numerator / denominator).
 *
 * Guarantees:
 * - The probability is exact: only uniform integers are compared, nothing is rounded.
 *
 * gamma / k is drawn as two independent trials, gamma and 1 / k, so that no product can leave 2^53.
 *
 * @param numerator integer in [0, denominator]
 * @param denominator integer in [1, 2^53]
 */
export function bernoulliExpFraction(numerator: number, denominator: number, source: UniformSource): boolean {
  return bernoulliExp((k) => source.below(denominator) < numerator && source.below(k) === 0);
}

/** True with probability exactly exp(-(numerator / denominator)^2 / 2); ranges as above. */
export function bernoulliExpHalfSquare(
  numerator: number,
  denominator: number,
  source: UniformSource,
): boolean {
  return bernoulliExp(
    (k) =>
      source.below(denominator) < numerator &&
      source.below(denominator) < numerator &&
      source.below(2 * k) === 0,
  );
}

/** True with probability exactly exp(-count * numerator / denominator), for an integer count >= 0. */
export function bernoulliExpMultiple(
  count: number,
  numerator: number,
  denominator: number,
  source: UniformSource,
): boolean {
  for (let i = 0; i < count; i++) {
    if (!bernoulliExpFraction(numerator, denominator, source)) return false;
  }
  return true;
}
