import { calibrateNoiseMultiplier } from "../accounting/index.js";
import { requireCount, requirePositive, requireProbability } from "./arguments.js";

/**
 * Signal to noise of one direction over a run, in clip thresholds: sqrt(T) B / sigma.
 *
 * @param run.batch B = q n, the expected batch.
 * @see methods.md 4, item 6 (defined there; its figures are measured)
 */
export function signalToNoise(run: {
  readonly steps: number;
  readonly batch: number;
  readonly noiseMultiplier: number;
}): number {
  requireCount({ steps: run.steps });
  requirePositive({ batch: run.batch, noiseMultiplier: run.noiseMultiplier });
  return (Math.sqrt(run.steps) * run.batch) / run.noiseMultiplier;
}

/**
 * What {@link signalToNoise} tends to as batches and steps grow: n mu, where one Gaussian release of noise multiplier
 * 1 / mu on everybody just reaches (epsilon, delta).
 *
 * With full batches T releases of sigma are one of sigma / sqrt(T), so the ratio is n mu exactly, whatever T is. That
 * sampling stays below it is our inference: a sampled run tends to mu = q sqrt(T (exp(1/sigma^2) - 1)), which is
 * above q sqrt(T) / sigma.
 */
export function signalToNoiseCeiling(target: {
  readonly epsilon: number;
  readonly delta: number;
  readonly records: number;
}): number {
  const { epsilon, delta, records } = target;
  requireCount({ records });
  return records / calibrateNoiseMultiplier({ epsilon, delta, samplingRate: 1, steps: 1 });
}

/** Variance of an update along K random directions, d ||g||^2 / K: what the directions themselves add. */
export function directionVariance(run: {
  readonly dimension: number;
  readonly gradientNorm: number;
  readonly directions: number;
}): number {
  requireCount({ dimension: run.dimension, directions: run.directions });
  requirePositive({ gradientNorm: run.gradientNorm });
  return (run.dimension * run.gradientNorm ** 2) / run.directions;
}

/** Variance of the same update from the noise, d (sigma beta / B)^2, under the clip c = beta / sqrt(K). */
export function noiseVariance(run: {
  readonly dimension: number;
  readonly noiseMultiplier: number;
  readonly beta: number;
  readonly batch: number;
}): number {
  requireCount({ dimension: run.dimension });
  requirePositive({ noiseMultiplier: run.noiseMultiplier, beta: run.beta, batch: run.batch });
  return run.dimension * ((run.noiseMultiplier * run.beta) / run.batch) ** 2;
}

/**
 * The number of directions at which both variances are equal: K* = rho^2 (B / sigma)^2. More directions hardly help.
 *
 * @param run.alignment rho = ||mean gradient|| / beta: share of the clip that a batch's mean keeps.
 * @see methods.md 4, item 1 (marked there as inference)
 */
export function usefulDirections(run: {
  readonly alignment: number;
  readonly batch: number;
  readonly noiseMultiplier: number;
}): number {
  const { alignment, batch, noiseMultiplier } = run;
  requirePositive({ alignment, batch, noiseMultiplier });
  return (alignment * (batch / noiseMultiplier)) ** 2;
}

/**
 * The best decrease of the loss in one step, over the learning rate, with trained weights M:
 * (||g_M||^2 / Tr H_M) / (1 / K + (beta sigma / (B ||g_M||))^2) / 2.
 *
 * A step of length l along the noised estimate changes the loss by -l ||g||^2 + l^2 / 2 Tr(H) (||g||^2 / K + (beta
 * sigma / B)^2) to second order, for K far below d; the best l gives the value. It decides which weights to train:
 * only ||g_M||^2 / Tr H_M depends on them when noise is small.
 *
 * @see methods.md 3, "Criterion that actually predicts a ZO gain" (marked there as inference, up to the factor 1/2)
 */
export function oneStepDecrease(run: {
  readonly gradientNorm: number;
  readonly hessianTrace: number;
  readonly directions: number;
  readonly beta: number;
  readonly noiseMultiplier: number;
  readonly batch: number;
}): number {
  const { gradientNorm, hessianTrace, directions, beta, noiseMultiplier, batch } = run;
  requirePositive({ gradientNorm, hessianTrace, beta, noiseMultiplier, batch });
  requireCount({ directions });
  const noise = (beta * noiseMultiplier) / (batch * gradientNorm);
  return gradientNorm ** 2 / hessianTrace / (1 / directions + noise ** 2) / 2;
}

/** Noise, signal and ceiling of one run for a target, with the noise calibrated by the accountant. */
export function plannedSignal(target: {
  readonly epsilon: number;
  readonly delta: number;
  readonly records: number;
  readonly batch: number;
  readonly steps: number;
}): { readonly noiseMultiplier: number; readonly signalToNoise: number; readonly shareOfCeiling: number } {
  const { batch, records, steps } = target;
  requireProbability({ samplingRate: batch / records });
  const noiseMultiplier = calibrateNoiseMultiplier({ ...target, samplingRate: batch / records, steps });
  const ratio = signalToNoise({ steps, batch, noiseMultiplier });
  return { noiseMultiplier, signalToNoise: ratio, shareOfCeiling: ratio / signalToNoiseCeiling(target) };
}
