import { requireCount, requirePositive, requireProbability } from "./arguments.js";

/** The setting of DPZero's utility theorem: low effective rank, -H <= Hessian <= H, Tr H <= r ||H||. */
export interface UtilitySetting {
  /** n. */
  readonly records: number;
  readonly epsilon: number;
  readonly delta: number;
  /** d: trained weights. */
  readonly dimension: number;
  /** r: effective rank. */
  readonly effectiveRank: number;
  /** Everything that the paper's O~ leaves out: Lipschitz and smoothness constants, initial gap, further logarithms. */
  readonly constant: number;
}

/**
 * DPZero's rate for the squared gradient norm: a log(d) sqrt(r log(1/delta)) / (n epsilon).
 *
 * A rate, not a number to expect: `constant` is not given by the paper. What it says is that d enters by its logarithm
 * alone, because the noise is one scalar along a random direction.
 *
 * @see DPZero, arXiv 2310.09639, utility theorem (methods.md 1.2, read in the paper)
 */
export function dpZeroUtility(setting: UtilitySetting): number {
  return Math.log(setting.dimension) * rate(setting);
}

/**
 * The rate of DPGD-0th, the same method with a noise vector of d coordinates: a d sqrt(r log(1/delta)) / (n epsilon).
 *
 * @see DPZero, arXiv 2310.09639 (methods.md 1.2: "DPGD-0th is O(d sqrt r)")
 */
export function vectorNoiseUtility(setting: UtilitySetting): number {
  return setting.dimension * rate(setting);
}

/**
 * Gradient evaluations, n T, that DPZero's theorem asks for: a n^2 sqrt(r).
 *
 * @see DPZero, arXiv 2310.09639 (methods.md 1.2)
 */
export function dpZeroEvaluations(
  setting: Pick<UtilitySetting, "records" | "effectiveRank" | "constant">,
): number {
  requireCount({ records: setting.records });
  requirePositive({ effectiveRank: setting.effectiveRank, constant: setting.constant });
  return setting.constant * setting.records ** 2 * Math.sqrt(setting.effectiveRank);
}

function rate({ records, epsilon, delta, dimension, effectiveRank, constant }: UtilitySetting): number {
  requireCount({ records, dimension });
  requirePositive({ epsilon, effectiveRank, constant });
  requireProbability({ delta });
  return (constant * Math.sqrt(effectiveRank * Math.log(1 / delta))) / (records * epsilon);
}
