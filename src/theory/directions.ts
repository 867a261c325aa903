import {
  discreteGaussian,
  epsilon,
  type Event,
  gaussian,
  poissonSampled,
  repeated,
} from "../accounting/index.js";
import { requireCount, requirePositive, requireProbability } from "./arguments.js";
import { compared, type Comparison } from "./comparison.js";

/** How one record's K differences are bounded: their vector's norm, or each of them. */
export type Clip = "vector" | "scalar";

/**
 * L2 sensitivity of the sum of clipped vectors under add-or-remove-one: c for a vector clip, sqrt(K) C for a clip of
 * each scalar. Replacing a record doubles it.
 *
 * @see DP-AggZO (Bao et al., USENIX Security 2025), technical report, Lemma 5, for the vector clip: no K in it;
 *   methods.md 5.1 (marked there as derivation) for the scalar clip
 */
export function jointSensitivity(clip: Clip, clipThreshold: number, directions: number): number {
  requirePositive({ clipThreshold });
  requireCount({ directions });
  return clip === "vector" ? clipThreshold : Math.sqrt(directions) * clipThreshold;
}

/**
 * What noise of standard deviation sigma times the clip threshold on each coordinate is worth: sigma under a vector
 * clip, sigma / sqrt(K) under a clip of each scalar.
 */
export function effectiveNoiseMultiplier(clip: Clip, noiseMultiplier: number, directions: number): number {
  requirePositive({ noiseMultiplier });
  return noiseMultiplier / jointSensitivity(clip, 1, directions);
}

/** K noised scalars a step on one Poisson sample, each with noise `noiseMultiplier` times the clip threshold. */
export interface DirectionsRun {
  readonly samplingRate: number;
  readonly steps: number;
  readonly noiseMultiplier: number;
  readonly directions: number;
  readonly delta: number;
}

/** Epsilon of the same noise under both clips, and what a wrong count would claim. */
export interface DirectionsComparison {
  /** Vector clip: the same for every K. */
  readonly vector: number;
  /** Clip of each scalar, with the noise of one. */
  readonly scalar: number;
  /** K T releases, each with a sample of its own: **not** what is run, since a step's K scalars share one sample. */
  readonly wrongCount: number;
}

/**
 * K-independence in numbers: the accountant's epsilon under a vector clip, under a clip of each scalar, and by the
 * wrong count that lets each scalar have its own sample.
 *
 * @see methods.md 5.1 (its figures, 13.6 and 9.8 for sigma 4.105, q 1/16, T 1,000, K 16, are the test's)
 */
export function compareDirections(run: DirectionsRun): DirectionsComparison {
  const { samplingRate, steps, noiseMultiplier, directions, delta } = run;
  requireProbability({ samplingRate, delta });
  requireCount({ steps });
  const event = (sigma: number, times: number): Event =>
    repeated(poissonSampled(samplingRate, gaussian(sigma)), times);
  const worth = (clip: Clip): number => effectiveNoiseMultiplier(clip, noiseMultiplier, directions);
  return {
    vector: epsilon(event(worth("vector"), steps), delta).epsilon,
    scalar: epsilon(event(worth("scalar"), steps), delta).epsilon,
    wrongCount: epsilon(event(noiseMultiplier, steps * directions), delta).epsilon,
  };
}

/**
 * Lemma 5's statement, the epsilon of one continuous release a step whatever K is, beside the accountant's epsilon of
 * what dpzo runs: K integers with discrete noise, for which no rotation makes K vanish.
 *
 * The ratio is below 1 by what the lattice costs; on dpzo's lattice of 2^20 units that is less than a millionth.
 *
 * @param run.latticeSensitivity N: the clip threshold in lattice units.
 */
export function compareKIndependence(
  run: DirectionsRun & { readonly latticeSensitivity: number },
): Comparison {
  const { samplingRate, steps, noiseMultiplier, directions, delta, latticeSensitivity } = run;
  requirePositive({ noiseMultiplier });
  requireProbability({ samplingRate, delta });
  requireCount({ steps, directions, latticeSensitivity });
  const standardDeviation = noiseMultiplier * latticeSensitivity;
  const lattice = discreteGaussian(standardDeviation, latticeSensitivity, directions);
  const of = (noise: Event): number =>
    epsilon(repeated(poissonSampled(samplingRate, noise), steps), delta).epsilon;
  return compared("epsilon", of(gaussian(noiseMultiplier)), of(lattice));
}

/**
 * DP-AggZO's scaling rule: c = beta / sqrt(K), which keeps the update's noise the same for every K.
 *
 * @see DP-AggZO, technical report, the rule before Lemma 3 (methods.md 1.6)
 */
export function aggZoClip(beta: number, directions: number): number {
  requirePositive({ beta });
  requireCount({ directions });
  return beta / Math.sqrt(directions);
}

/**
 * DP-AggZO's clipping error under that rule: sigma_x / beta + a (log(K) / K)^(1/4).
 *
 * The report states the second term as Theta(...): `constant` is its unnamed factor a, and the sum is a rate, not a
 * bound, until somebody proves a value.
 *
 * @param beta Clip threshold before scaling, in units of a difference.
 * @param differenceDeviation sigma_x: standard deviation of a record's difference over directions.
 * @see DP-AggZO, technical report, Lemmas 3 and 4
 */
export function aggZoClippingError(arguments_: {
  readonly differenceDeviation: number;
  readonly beta: number;
  readonly directions: number;
  readonly constant: number;
}): number {
  const { differenceDeviation, beta, directions, constant } = arguments_;
  requirePositive({ differenceDeviation, beta, constant });
  requireCount({ directions });
  return differenceDeviation / beta + constant * (Math.log(directions) / directions) ** 0.25;
}
