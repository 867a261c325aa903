import type { UniformSource } from "../sampling/index.js";
import { bernoulliExpFraction, bernoulliExpHalfSquare, bernoulliExpMultiple } from "./bernoulli-exp.js";

/**
 * Draws from the discrete Gaussian: probability proportional to exp(-x^2 / (2 S^2)) on the integers.
 *
 * Guarantees:
 * - The distribution is exact: integers and comparisons only, no floating-point rounding, no cut tail.
 * - What is read from the source depends on nothing but S and the source.
 *
 * The proposal is a discrete Laplace of scale t = S. The paper takes t = floor(S) + 1 for its bound on the
 * running time; its proof of exactness holds for every t, and t = S keeps all integers small: with
 * |Y| = whole * S + offset, the acceptance exponent (|Y| - S)^2 / (2 S^2) splits into parts that need
 * only uniform integers below S and below 2k.
 *
 * @param standardDeviation S, an integer in [1, 2^53]
 * @returns an integer of any size; a BigInt, because the tail has no end
 * @example
 * const source = new ByteSource(operatingSystemRandom);
 * const noise = drawDiscreteGaussian(2 ** 21, source);
 * source.wipe();
 * @see Canonne, Kamath, Steinke 2020, https://arxiv.org/abs/2004.00010, Algorithms 1 to 3
 */
export function drawDiscreteGaussian(standardDeviation: number, source: UniformSource): bigint {
  for (;;) {
    const proposal = drawLaplaceParts(standardDeviation, source);
    if (proposal === undefined) continue;
    const { whole, offset } = proposal;
    if (accept(whole, offset, standardDeviation, source)) return joined(proposal, standardDeviation);
  }
}

/**
 * Draws from the discrete Laplace: probability proportional to exp(-|x| / t) on the integers.
 *
 * Guarantees:
 * - The distribution is exact: integers and comparisons only, no floating-point rounding, no cut tail.
 * - What is read from the source depends on nothing but t and the source.
 *
 * @param scale t, an integer in [1, 2^53]
 * @see Canonne, Kamath, Steinke 2020, https://arxiv.org/abs/2004.00010, Algorithm 2
 */
export function drawDiscreteLaplace(scale: number, source: UniformSource): bigint {
  for (;;) {
    const parts = drawLaplaceParts(scale, source);
    if (parts !== undefined) return joined(parts, scale);
  }
}

/** A sign and |x| = whole * t + offset. */
interface LaplaceParts {
  readonly whole: number;
  readonly offset: number;
  readonly isNegative: boolean;
}

/** One trial of a discrete Laplace of scale t; undefined where it is rejected. */
function drawLaplaceParts(scale: number, source: UniformSource): LaplaceParts | undefined {
  const offset = source.below(scale);
  if (!bernoulliExpFraction(offset, scale, source)) return undefined;
  let whole = 0;
  while (bernoulliExpFraction(1, 1, source)) whole += 1;
  const isNegative = source.below(2) === 1;
  // Zero has one sign, else it would be drawn twice as often.
  return isNegative && whole === 0 && offset === 0 ? undefined : { whole, offset, isNegative };
}

function joined({ whole, offset, isNegative }: LaplaceParts, scale: number): bigint {
  const magnitude = BigInt(whole) * BigInt(scale) + BigInt(offset);
  return isNegative ? -magnitude : magnitude;
}

/**
 * True with probability exp(-(|Y| - S)^2 / (2 S^2)) for |Y| = whole * S + offset.
 *
 * With ||Y| - S| = a S + b the exponent is a^2 / 2 + a b / S + (b / S)^2 / 2, one trial for each part.
 */
function accept(whole: number, offset: number, scale: number, source: UniformSource): boolean {
  const isBelow = whole === 0 && offset > 0;
  const a = isBelow ? 0 : Math.abs(whole - 1);
  const b = isBelow ? scale - offset : offset;
  return (
    bernoulliExpMultiple(a * a, 1, 2, source) &&
    bernoulliExpMultiple(a, b, scale, source) &&
    bernoulliExpHalfSquare(b, scale, source)
  );
}
