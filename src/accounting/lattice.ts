import type { DiscreteGaussianEvent } from "./events.js";

/**
 * How far the composition with discrete Gaussians can be from the one with rounded continuous Gaussians:
 *
 *   delta_discrete(epsilon) <= e^logFactor * delta_rounded(epsilon - shift) + e^logTail
 *   delta_discrete(epsilon) >= e^-logFactorLower * (delta_rounded(epsilon + shift) - e^logTail)
 */
export interface LatticeAllowance {
  readonly shift: number;
  readonly logFactor: number;
  readonly logFactorLower: number;
  readonly logTail: number;
}

/**
 * The bound of docs/accounting.md, "The discrete Gaussian": per coordinate, log(rounded / discrete) lies between
 * -1 / (24 S^2) and t^2 / (24 S^2) + 3 exp(-2 pi^2 S^2), with t the noise over S; the squared norm of t is at most
 * `largestSquare` outside an event of probability exp(-x), where x is chosen from `logDelta`.
 */
export function latticeAllowance(
  releases: readonly { mechanism: DiscreteGaussianEvent; times: number; records: number }[],
  logDelta: number,
): LatticeAllowance {
  let shift = 0;
  let logFactor = 0;
  let logFactorLower = 0;
  let steps = 0;
  for (const { times } of releases) steps += times;
  if (steps === 0) return { shift, logFactor, logFactorLower, logTail: -Infinity };
  const logTail = logDelta - 16;
  const x = Math.log(steps) - logTail;
  for (const { mechanism, times, records } of releases) {
    const s = mechanism.standardDeviation;
    const k = mechanism.dimensions ?? 1;
    const theta = 3 * k * Math.exp(-2 * Math.PI * Math.PI * s * s);
    const least = k / (24 * s * s);
    // sqrt(k) / 2: what rounding may add to the norm, for the lower bound.
    const norm =
      Math.sqrt(k + 2 * Math.sqrt(k * x) + 2 * x) + (records * mechanism.sensitivity + Math.sqrt(k) / 2) / s;
    const most = (norm * norm) / (24 * s * s) + theta;
    shift += times * (least + most);
    logFactor += times * least;
    logFactorLower += times * most;
  }
  return { shift, logFactor, logFactorLower, logTail };
}
