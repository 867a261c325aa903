import {
  calibrateNoiseMultiplier,
  delta as deltaOf,
  type Event,
  gaussian,
  poissonSampled,
  repeated,
} from "../../src/accounting/index.js";

/** The run that all pictures are of: the demo's. */
export const demoRun = { epsilon: 4, delta: 1e-5, records: 4855, batch: 256, steps: 400 } as const;

export const samplingRate = demoRun.batch / demoRun.records;

/** Noise multiplier with which the run reaches a target. */
export function noiseFor(epsilon: number): number {
  return calibrateNoiseMultiplier({ epsilon, delta: demoRun.delta, samplingRate, steps: demoRun.steps });
}

/** The first steps of the run. */
export function runEvent(noiseMultiplier: number, steps: number = demoRun.steps, rate = samplingRate): Event {
  return repeated(poissonSampled(rate, gaussian(noiseMultiplier)), steps);
}

/** mu of the one Gaussian release that gives (epsilon, delta): its two outcomes are mu standard deviations apart. */
export function gaussianDistance(epsilon: number): number {
  return 1 / calibrateNoiseMultiplier({ epsilon, delta: demoRun.delta, samplingRate: 1, steps: 1 });
}

/** Points (epsilon, delta) of a run's whole curve. */
export function wholeCurve(
  event: Event,
  epsilons: readonly number[],
): readonly (readonly [number, number])[] {
  return epsilons.map((epsilon) => [
    epsilon,
    deltaOf(event, epsilon, { precision: { relative: 1e-3, absolute: 1e-4 } }).delta,
  ]);
}

/**
 * The least share of misses at a share of false alarms, for an attacker who knows everything but one record:
 * each (epsilon, delta) forbids what lies below two straight lines.
 *
 * @see Kairouz, Oh and Viswanath 2015, Theorem 2.1
 */
export function leastMisses(curve: readonly (readonly [number, number])[], falseAlarms: number): number {
  let misses = 0;
  for (const [epsilon, delta] of curve) {
    const steep = 1 - delta - Math.exp(epsilon) * falseAlarms;
    const flat = Math.exp(-epsilon) * (1 - delta - falseAlarms);
    misses = Math.max(misses, steep, flat);
  }
  return misses;
}
