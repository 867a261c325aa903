import { clustered, type Clusters } from "./clusters.js";
import { coarseEpsilon, coarseLogDelta, logEverSampled } from "./coarse.js";
import {
  asRounded,
  lossSource,
  maximumLoss,
  noiseOverSensitivity,
  type Release,
  roundingAllowance,
} from "./flatten.js";
import type { Component, Target } from "./guide.js";
import { logAdd, logSubtract } from "./logarithm.js";
import { enclose, nothingKnown, type Precision, relaxation } from "./pld.js";
import { firstBelow, lastAbove } from "./solve.js";
import { type Direction, GridTooLong } from "./splat.js";
import { within } from "./work.js";

/** An interval that contains the true value. */
export interface Enclosure {
  readonly upper: number;
  readonly lower: number;
}

/** Widest gap between the bounds that is accepted without a second, finer look. */
const widestGap: Precision = { relative: 1.2e-4, absolute: 6e-6 };
/** How much wider a gap is accepted where the loss has no heavy tail. */
const smoothGap = 2.5;
export const anyGap: Precision = { relative: Infinity, absolute: 0 };
/** Above this epsilon the bound by Renyi divergences is asked too. */
const largestTabulated = 1e5;
/** Least noise over sensitivity whose losses are tabulated. */
const narrowest = 5e-4;
/** Compositions of more different releases than this are looked at once: time grows with their number. */
const mostRefined = 50;
/** Compositions of more different releases than this are put together in clusters first. */
const mostApart = 24;
/** Grids longer than this are not refined. */
const longestRefined = 80_000;
/** Work for one direction at the precision asked for: about a second. */
const fullWork = 140e6;
/** What is tried when that was not enough: how much less precisely, in how many clusters, with how much work. */
const ladder = [
  [10, 12, 16e6],
  [100, 6, 8e6],
  [3000, 3, 8e6],
] as const;

/** Largest total loss; rounded noise has no bound because the comparison with discrete noise leaves a tail. */
export function worstLossOneWay(releases: readonly Release[], direction: Direction): number {
  let sum = 0;
  for (const release of releases) sum += release.times * maximumLoss(release, direction);
  return sum;
}

/** Epsilon at a delta in one direction. */
export function epsilonOneWay(
  releases: readonly Release[],
  direction: Direction,
  logDelta: number,
  precision: Precision,
  widest: Precision = widestGap,
): Enclosure {
  const worst = worstLossOneWay(releases, direction) * (1 + 1e-14);
  let best: Enclosure = { upper: worst, lower: 0 };
  if (worst <= negligible) return best;
  if (logEverSampled(releases) <= logDelta) return { upper: 0, lower: 0 };
  const state = { isKnown: false };
  // Every look is valid, so the best of each side counts.
  const look = (parts: Clusters, asked: Precision, known?: number): Bounds => {
    const curve = bothBounds(parts, direction, { logDelta }, asked, known);
    const upper = Math.min(worst, firstBelow(curve.upper, logDelta, curve.near));
    const lower = lastAbove(curve.lower, logDelta, Math.min(upper, 1e300));
    best = intersect(best, { upper, lower });
    state.isKnown = curve.points < Infinity;
    return curve;
  };
  const refine = (parts: Clusters): void => {
    let known: number | undefined;
    for (const finer of [1, 4, 16, 64]) {
      const curve = look(parts, scaled(precision, 1 / finer), known);
      const gap = best.upper - best.lower;
      // Where the saddle point was right the upper bound is as precise as asked, whatever the lower one is.
      const trust = Math.abs(curve.near - best.upper) < 0.1 * best.upper ? smoothGap : 1;
      const accepted = trust * widest.relative * relaxation(best.upper) * best.upper;
      if (gap <= Math.max(accepted, widest.absolute)) return;
      if (curve.points > longestRefined || releases.length > mostRefined) return;
      known = best.upper;
    }
  };
  const ways = simplerWays(releases);
  for (const way of ways) {
    if (!state.isKnown)
      within(fullWork / ways.length, () => {
        refine(clustered(way, mostApart));
      });
  }
  for (const [coarser, most, work] of ladder) {
    if (!state.isKnown) within(work, () => look(clustered(lastOf(ways), most), scaled(precision, coarser)));
  }
  if (state.isKnown && best.upper <= largestTabulated) return best;
  const upper = Math.min(best.upper, coarseEpsilon(coarseOf(releases), logDelta));
  return { upper, lower: Math.min(best.lower, upper) };
}

/** The releases, and where some are summed over the integers also the same compared with rounded noise: shorter work. */
function simplerWays(releases: readonly Release[]): readonly (readonly Release[])[] {
  const rounded = releases.map(asRounded);
  return rounded.some((release, i) => release !== releases[i]) ? [releases, rounded] : [releases];
}

function lastOf<T>(list: readonly T[]): T {
  return list[list.length - 1] as T;
}

/** Losses so small that their sum is the answer. */
const negligible = 1e-9;

function coarseOf(releases: readonly Release[]): (epsilon: number) => number {
  return coarseLogDelta(clustered(releases, 64).upper);
}

/** What two enclosures of one value say together. */
function intersect(a: Enclosure, b: Enclosure): Enclosure {
  return { upper: Math.min(a.upper, b.upper), lower: Math.max(a.lower, b.lower) };
}

export function scaled({ relative, absolute }: Precision, factor: number): Precision {
  return { relative: relative * factor, absolute: absolute * factor };
}

/** log delta at an epsilon in one direction. */
export function deltaOneWay(
  releases: readonly Release[],
  direction: Direction,
  epsilon: number,
  precision: Precision,
  nearDelta?: number,
): Enclosure {
  const worst = worstLossOneWay(releases, direction);
  if (epsilon >= worst) return { upper: -Infinity, lower: -Infinity };
  // P - e^epsilon Q is at most 1 - e^(epsilon - loss) of P wherever the loss is at most `worst`.
  const most = worst < Infinity ? Math.log(-Math.expm1(epsilon - worst * (1 + 1e-13))) + 1e-13 : 0;
  let best: Enclosure = { upper: most, lower: -Infinity };
  if (worst <= negligible) return best;
  const state = { isKnown: false };
  const at = (target: Target, asked: Precision, parts: Clusters): Enclosure => {
    const curve = bothBounds(parts, direction, target, asked);
    const found = { upper: curve.upper(epsilon), lower: curve.lower(epsilon) };
    best = intersect(best, found);
    state.isKnown = curve.points < Infinity;
    return found;
  };
  const near = nearDelta === undefined ? undefined : { logDelta: Math.log(nearDelta) };
  const refine = (parts: Clusters): void => {
    if (near !== undefined) {
      at(near, precision, parts);
      return;
    }
    // The grid is laid out around a delta: look roughly first, then around what was found.
    at({ epsilon }, scaled(precision, 30), parts);
    for (let look = 0; look < 4; look += 1) {
      const { upper } = best;
      const next = at({ logDelta: upper }, precision, parts);
      if (next.upper > upper - 0.5 || best.upper === -Infinity) return;
    }
  };
  const ways = simplerWays(releases);
  for (const way of ways) {
    if (!state.isKnown)
      within(fullWork / ways.length, () => {
        refine(clustered(way, mostApart));
      });
  }
  for (const [coarser, most, work] of ladder) {
    if (state.isKnown) break;
    within(work, () => at(near ?? { epsilon }, scaled(precision, coarser), clustered(lastOf(ways), most)));
  }
  if (state.isKnown) return best;
  return intersect(best, { upper: coarseOf(releases)(epsilon), lower: -Infinity });
}

/** Both curves, log delta as a function of epsilon, with the lattice's allowance. */
interface Bounds {
  readonly upper: (x: number) => number;
  readonly lower: (x: number) => number;
  readonly near: number;
  readonly points: number;
}

/** The upper curve of what loses at least as much, the lower curve of what loses at most as much. */
function bothBounds(
  { upper, lower }: Clusters,
  direction: Direction,
  target: Target,
  precision: Precision,
  known?: number,
): Bounds {
  const above = bounds(upper, direction, target, precision, known);
  if (upper === lower) return above;
  return { ...above, lower: bounds(lower, direction, target, precision, known).lower };
}

function bounds(
  releases: readonly Release[],
  direction: Direction,
  target: Target,
  precision: Precision,
  known?: number,
): Bounds {
  const { loss, near, points } = releases.some(isNarrow)
    ? unknownLoss
    : enclosed(components(releases, direction), target, precision, known);
  const logDelta = "logDelta" in target ? target.logDelta : loss.logDeltaUpper(target.epsilon);
  const { shift, logFactor, logFactorLower, logTail } = roundingAllowance(releases, logDelta);
  return {
    near,
    points,
    upper: (x) => Math.min(0, logAdd(loss.logDeltaUpper(x - shift) + logFactor, logTail)),
    lower: (x) => logSubtract(loss.logDeltaLower(x + shift), logTail) - logFactorLower,
  };
}

function components(releases: readonly Release[], direction: Direction): Component[] {
  return releases.map((release) => ({ source: lossSource(release, direction), times: release.times }));
}

const unknownLoss: ReturnType<typeof enclose> = { loss: nothingKnown, near: 1, points: Infinity };

/** Noise so narrow beside the sensitivity that doubles no longer resolve its losses. */
function isNarrow({ mechanism }: Release): boolean {
  return noiseOverSensitivity(mechanism) < narrowest;
}

/** As `enclose`; where the losses span more than any grid holds nothing is known but that delta is at most 1. */
function enclosed(...asked: Parameters<typeof enclose>): ReturnType<typeof enclose> {
  try {
    return enclose(...asked);
  } catch (error) {
    if (!(error instanceof GridTooLong)) throw error;
    return unknownLoss;
  }
}
