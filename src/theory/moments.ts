import { calibrateNoiseMultiplier } from "../accounting/index.js";
import { requireCount, requirePositive, requireProbability } from "./arguments.js";
import { compared, type Comparison } from "./comparison.js";

/** A run on Poisson samples, and what it must guarantee. */
export interface SampledRun {
  readonly epsilon: number;
  readonly delta: number;
  /** q. */
  readonly samplingRate: number;
  /** T. */
  readonly steps: number;
}

/**
 * sqrt(2): the constant c2 that the moments accountant's form has in the limit of many steps and small epsilon.
 *
 * Our own derivation, not a guarantee: a run of many little-sampled releases tends to one Gaussian release of
 * mu = q sqrt(T) / sigma, and for that epsilon -> mu sqrt(2 log(1/delta)) as both go to 0. The paper names no value.
 */
export const gaussianLimitConstant = Math.SQRT2;

/**
 * The moments accountant's noise multiplier: sigma = c2 q sqrt(T log(1/delta)) / epsilon.
 *
 * Abadi et al. prove that some constants c1, c2 exist such that this is enough whenever epsilon < c1 q^2 T; they give
 * neither. So `constant` is an argument without a default, and {@link compareMoments} says what it would have to be.
 * DP-ZOSO's own statement was not at hand (methods.md, preamble); its code calibrates with a numeric accountant.
 *
 * @param run.constant c2, above 0.
 * @see Abadi et al. 2016, arXiv 1607.00133, Theorem 1
 */
export function momentsNoise(run: SampledRun & { readonly constant: number }): number {
  check(run);
  requirePositive({ constant: run.constant });
  return run.constant * unit(run);
}

/** Whether epsilon < c1 q^2 T, the condition under which the form was proved; c1 is not known either. */
export function momentsFormApplies(run: SampledRun & { readonly c1: number }): boolean {
  check(run);
  requirePositive({ c1: run.c1 });
  return run.epsilon < run.c1 * run.samplingRate ** 2 * run.steps;
}

/** The least c2 with which {@link momentsNoise} reaches the target of this very run, by the accountant. */
export function neededMomentsConstant(run: SampledRun): number {
  check(run);
  return calibrateNoiseMultiplier(run) / unit(run);
}

/** The moments form at a given constant beside the least noise multiplier that reaches the target. */
export function compareMoments(run: SampledRun & { readonly constant: number }): Comparison {
  return compared("noise multiplier", momentsNoise(run), calibrateNoiseMultiplier(run));
}

function unit({ epsilon, delta, samplingRate, steps }: SampledRun): number {
  return (samplingRate * Math.sqrt(steps * Math.log(1 / delta))) / epsilon;
}

function check({ epsilon, delta, samplingRate, steps }: SampledRun): void {
  requirePositive({ epsilon });
  requireProbability({ delta, samplingRate });
  requireCount({ steps });
}
