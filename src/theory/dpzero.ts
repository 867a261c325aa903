import { calibrateNoiseMultiplier } from "../accounting/index.js";
import { requireCount, requirePositive, requireProbability } from "./arguments.js";
import { compared, type Comparison } from "./comparison.js";

/** A full-batch run of DPZero as its theorem has it. */
export interface DpZeroRun {
  readonly epsilon: number;
  readonly delta: number;
  /** T: every step uses all records. */
  readonly steps: number;
  /** n. */
  readonly records: number;
  /** C: bound on one record's directional difference, in absolute value. */
  readonly clipThreshold: number;
}

/** DPZero's noise, in the units of the mean difference and relative to its sensitivity. */
export interface DpZeroNoise {
  /** s: standard deviation of the scalar noise on the mean of the clipped differences. */
  readonly standardDeviation: number;
  /** 2 C / n: replacing one record moves the mean by at most this. */
  readonly sensitivity: number;
  /** s over the sensitivity. */
  readonly noiseMultiplier: number;
}

/**
 * DPZero's noise scale: s = 4 C sqrt(2 T log(exp(1) + epsilon / delta)) / (n epsilon).
 *
 * Replace-one neighbours, full batches, one scalar a step; advanced composition for Gaussian noise of Kairouz et al.,
 * Theorem 4.3, which in units of the sensitivity 2 C / n reads sigma^2 = 8 T log(exp(1) + epsilon / delta) / epsilon^2.
 *
 * @see DPZero, arXiv 2310.09639, Algorithm 1 and its privacy theorem (methods.md 1.2, read in the paper)
 * @example
 * const { noiseMultiplier } = dpZeroNoise({ epsilon: 2, delta: 1e-5, steps: 1000, records: 1024, clipThreshold: 1 });
 */
export function dpZeroNoise(run: DpZeroRun): DpZeroNoise {
  const { epsilon, delta, steps, records, clipThreshold } = run;
  requirePositive({ epsilon, clipThreshold });
  requireProbability({ delta });
  requireCount({ steps, records });
  const sensitivity = (2 * clipThreshold) / records;
  const standardDeviation =
    (4 * clipThreshold * Math.sqrt(2 * steps * Math.log(Math.E + epsilon / delta))) / (records * epsilon);
  return { standardDeviation, sensitivity, noiseMultiplier: standardDeviation / sensitivity };
}

/**
 * DPZero's noise multiplier beside the least one that gives the same guarantee.
 *
 * T full-batch Gaussian releases are one Gaussian release of 1 / sqrt(T) times the noise, whose privacy is known
 * exactly; replace-one and add-or-remove-one differ only in the sensitivity, which the multiplier leaves out.
 */
export function compareDpZero(run: DpZeroRun): Comparison {
  const { epsilon, delta, steps } = run;
  const numeric = calibrateNoiseMultiplier({ epsilon, delta, samplingRate: 1, steps });
  return compared("noise multiplier", dpZeroNoise(run).noiseMultiplier, numeric);
}
