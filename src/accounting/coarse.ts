import type { Release } from "./flatten.js";
import { gaussianLogDelta } from "./gaussian-exact.js";
import { logMoment } from "./moments.js";
import { firstBelow } from "./solve.js";

/**
 * Orders of the Renyi divergences that stand in for a loss distribution where that would take too long: few, so that
 * hundreds of releases are answered in a moment.
 */
const orders = [
  1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024,
];

/**
 * An upper bound on log delta as a function of epsilon, for both directions, in closed form.
 *
 * It is the least of
 * - Renyi divergences, by Proposition 12 of Canonne, Kamath and Steinke 2020;
 * - the chance that a record is sampled at all, 1 - product of (1 - q): without it both sides are the same;
 * - where all noise is Gaussian, the same noise on everybody: a sample only hides.
 */
export function coarseLogDelta(releases: readonly Release[]): (epsilon: number) => number {
  const divergences = orders.map((order) => {
    const moment = releases.reduce((sum, release) => sum + release.times * logMoment(release, order), 0);
    return [order, Math.max(0, moment)] as const;
  });
  const present = logEverSampled(releases);
  const ratio = gaussianRatio(releases);
  return (epsilon) => {
    let best = Math.min(0, present);
    for (const [order, moment] of divergences) {
      const log = moment - (order - 1) * epsilon + (order - 1) * Math.log1p(-1 / order) - Math.log(order);
      if (log < best) best = log;
    }
    const plain = ratio < largestRatio ? gaussianLogDelta(epsilon, ratio) + 1e-12 : 0;
    return plain < best ? plain : best;
  };
}

/** Where {@link coarseLogDelta} falls to `logDelta`; Infinity where it does not. */
export function coarseEpsilon(logDeltaAt: (epsilon: number) => number, logDelta: number): number {
  return firstBelow(logDeltaAt, logDelta, 1, 1e-9);
}

/** Up to here the closed form is exact in doubles. */
const largestRatio = 1000;

/** log of a bound on the chance that a record is sampled at all. Where it is below log delta epsilon is 0. */
export function logEverSampled(releases: readonly Release[]): number {
  const never = releases.reduce(
    (sum, { samplingRate: q, times, records = 1 }) => sum + times * records * Math.log1p(-q),
    0,
  );
  // Denormal rates have lost most of their digits.
  return Math.log(Math.max(1e-300, -Math.expm1(never))) + 1e-12;
}

/** Sensitivity over sigma of all releases together without sampling; Infinity where some noise is not Gaussian. */
function gaussianRatio(releases: readonly Release[]): number {
  let precision = 0;
  for (const { mechanism, times, records = 1 } of releases) {
    const one = mechanism.kind === "gaussian" ? records / mechanism.noiseMultiplier : Infinity;
    precision += times * one * one;
  }
  return Math.sqrt(precision);
}
