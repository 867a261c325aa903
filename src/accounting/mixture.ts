import type { Sampling } from "./group-sampling.js";
import { logMixture } from "./loss.js";
import { spend } from "./work.js";

/**
 * The noise moved by as many sensitivities as records of a group are in the sample: a binomial number of them. For one
 * record it is the noise itself with probability 1 - q, and moved once with probability q.
 */
export interface Mixture {
  /** Largest shift, in sensitivities. */
  readonly most: number;
  readonly sampling: Sampling;
  /** log of its density over the noise's own, at `x`. Grows with x. */
  log(x: number): number;
  /** Mean shift given the outcome `x`: grows with x, from 0 to `most`. */
  meanShift(x: number): number;
  /** As `log`, where a shift by j has the log likelihood ratio j * ratio, as it has far out under Laplace noise. */
  atRatio(ratio: number): number;
  /** Logarithms of the probabilities of 0, 1, ... shifts. */
  readonly logShares: readonly number[];
}

/** Terms smaller than the largest by this are left out: far below round-off. */
const insignificant = 42;

/** Most records of a group that are told apart; larger groups are taken as all present or all absent. */
export const mostTogether = 4096;

/** @param ratio log likelihood ratio at x of the noise moved by j sensitivities: concave in j, growing with x */
export function mixtureOf(sampling: Sampling, ratio: (x: number, j: number) => number): Mixture {
  const { rate: q, records } = sampling;
  const atRatio = (r: number): number => records * logMixture(q, r);
  const logShares = binomialLogs(q, records);
  if (records === 1) {
    return {
      most: 1,
      sampling,
      logShares,
      atRatio,
      log: (x) => logMixture(q, ratio(x, 1)),
      meanShift: () => 1,
    };
  }
  let peak = 0;
  /** Sums of the terms and of j times them, relative to the largest term; terms are log-concave in j. */
  const sums = (x: number): { log: number; mean: number } => {
    const term = (j: number): number => (logShares[j] as number) + ratio(x, j);
    while (peak < records && term(peak + 1) > term(peak)) peak += 1;
    while (peak > 0 && term(peak - 1) > term(peak)) peak -= 1;
    const largest = term(peak);
    let [sum, moment, terms] = [0, 0, 2];
    const take = (j: number): boolean => {
      const log = term(j) - largest;
      if (!(log > -insignificant)) return false;
      const share = Math.exp(log);
      terms += 1;
      sum += share;
      moment += j * share;
      return true;
    };
    for (let j = peak; j <= records && take(j); j += 1);
    for (let j = peak - 1; j >= 0 && take(j); j -= 1);
    spend(8 * terms);
    return { log: largest + Math.log(sum), mean: moment / sum };
  };
  return {
    most: records,
    sampling,
    logShares,
    atRatio,
    log: (x) => sums(x).log,
    meanShift: (x) => sums(x).mean,
  };
}

function binomialLogs(q: number, count: number): number[] {
  if (count === 1) return [Math.log1p(-q), Math.log(q)];
  if (q === 1) return [...Array.from({ length: count }, () => -Infinity), 0];
  const odds = Math.log(q) - Math.log1p(-q);
  const logs: number[] = [];
  let [log, lost] = [count * Math.log1p(-q), 0];
  for (let j = 0; j <= count; j += 1) {
    logs.push(log);
    // Compensated, so that a thousand terms are as good as one.
    const more = Math.log((count - j) / (j + 1)) + odds - lost;
    const next = log + more;
    lost = next - log - more;
    log = next;
  }
  return logs;
}
