import { AccountingError, badArgument, checkEpsilon } from "./errors.js";
import { type Event, parseEvent } from "./events.js";
import { flatten, lossSource, noiseOverSensitivity, type Release, roundingAllowance } from "./flatten.js";
import { gaussianLogDelta } from "./gaussian-exact.js";
import type { Component, Target } from "./guide.js";
import { logAdd, logSubtract } from "./logarithm.js";
import { enclose, nothingKnown, type Precision, relaxation } from "./pld.js";
import { rdpEpsilon } from "./rdp.js";
import { firstBelow, lastAbove } from "./solve.js";
import { type Direction, GridTooLong } from "./splat.js";

/** An interval that contains the true value. */
export interface Enclosure {
  readonly upper: number;
  readonly lower: number;
}

/** Answer to "what is epsilon at this delta". */
export interface EpsilonResult {
  /** Upper bound: this is the guarantee. */
  readonly epsilon: number;
  /** Lower bound on the true epsilon: how much of the guarantee is the accountant's own caution. */
  readonly epsilonLower: number;
  readonly delta: number;
  /** Which of the two neighbours sets the upper bound. */
  readonly direction: Direction;
  readonly remove: Enclosure;
  readonly add: Enclosure;
}

/** Answer to "what is delta at this epsilon". Logarithms because delta may be far below the least number. */
export interface DeltaResult {
  readonly delta: number;
  readonly deltaLower: number;
  readonly logDelta: number;
  readonly logDeltaLower: number;
  readonly epsilon: number;
  readonly direction: Direction;
}

/** How an accountant is asked. */
export interface AccountingOptions {
  /** How much the upper bound may exceed the truth, about: the larger of the two. Bounds hold at any setting. */
  readonly precision?: Partial<Precision>;
  /** For `delta`: where the answer is expected. Bounds hold without it and at any value; near it they are tight. */
  readonly nearDelta?: number;
}

/** Less than half of what the golden figures ask for. */
const defaultPrecision: Precision = { relative: 4e-5, absolute: 1e-6 };

const directions = ["remove", "add"] as const;

/**
 * Epsilon of an event at `delta` under add-or-remove-one, enclosed from both sides.
 *
 * Guarantees:
 * - `epsilon` is never below the true epsilon, whatever the arguments
 * - `epsilonLower` is never above it
 * - an event it does not know is refused, at any depth
 *
 * @param delta From 0 to 1. At 0 the pure epsilon is returned where there is one.
 * @throws {AccountingError} `bad-argument`, `unknown-event`, `unsupported-event`, `no-pure-epsilon`, `too-large`
 * @example
 * epsilon(repeated(poissonSampled(64 / 1024, gaussian(5)), 2000), 1e-5).epsilon; // 2.30125...
 * @see Sommer, Meiser and Mohammadi 2019; Doroshenko et al. 2022 (connect the dots); docs/accounting.md
 */
export function epsilon(event: Event, delta: number, options: AccountingOptions = {}): EpsilonResult {
  if (!(typeof delta === "number" && delta >= 0 && delta <= 1)) {
    throw badArgument("delta", delta, "a number from 0 to 1");
  }
  const { releases, nonPrivate } = flatten(parseEvent(event));
  if (nonPrivate) return same({ upper: Infinity, lower: Infinity }, delta);
  if (delta === 1 || releases.length === 0) return same({ upper: 0, lower: 0 }, delta);
  if (delta === 0) return pureResult(releases);
  const exact = plainGaussian(releases);
  if (exact !== undefined) return same(gaussianEpsilon(exact, Math.log(delta)), delta);
  const precision = { ...defaultPrecision, ...options.precision };
  const ask = (direction: Direction, asked: Precision): Enclosure =>
    epsilonOneWay(releases, direction, Math.log(delta), asked);
  const remove = capped(ask("remove", precision), event, delta);
  if (isSymmetric(releases)) return joined(remove, remove, delta);
  // The smaller direction need not be known precisely.
  const worst = worstLossOneWay(releases, "add");
  if (worst < remove.lower) return joined(remove, { upper: worst, lower: 0 }, delta);
  const rough = epsilonOneWay(releases, "add", Math.log(delta), scaled(precision, 10), anyGap);
  return joined(remove, rough.upper < remove.lower ? rough : ask("add", precision), delta);
}

/**
 * Delta of an event at `epsilon` under add-or-remove-one, enclosed from both sides.
 *
 * Guarantees:
 * - `delta` is never below the true delta
 * - `deltaLower` is never above it
 *
 * @param epsilon 0 or larger, finite.
 * @throws {AccountingError} as {@link epsilon}
 */
export function delta(event: Event, epsilon: number, options: AccountingOptions = {}): DeltaResult {
  checkEpsilon(epsilon);
  const { releases, nonPrivate } = flatten(parseEvent(event));
  if (nonPrivate) return deltaResult([{ upper: 0, lower: 0 }], epsilon);
  if (releases.length === 0) return deltaResult([{ upper: -Infinity, lower: -Infinity }], epsilon);
  const exact = plainGaussian(releases);
  if (exact !== undefined) {
    const log = gaussianLogDelta(epsilon, exact);
    return deltaResult([{ upper: Math.min(0, log + 1e-12), lower: log - 1e-12 }], epsilon);
  }
  const precision = { ...defaultPrecision, ...options.precision };
  const ask = (direction: Direction, asked: Precision): Enclosure =>
    deltaOneWay(releases, direction, epsilon, asked, options.nearDelta);
  const remove = ask("remove", precision);
  if (isSymmetric(releases)) return deltaResult([remove], epsilon);
  const rough = ask("add", scaled(precision, 10));
  const add = rough.upper < remove.lower ? rough : ask("add", precision);
  return deltaResult([remove, add], epsilon);
}

/**
 * The epsilon an event has at delta 0, or Infinity when it has none (Gaussian noise never does).
 *
 * For Laplace noise of scale b it is 1 / b a release, and log(1 + q (e^(1/b) - 1)) under Poisson sampling.
 */
export function pureEpsilon(event: Event): number {
  const { releases, nonPrivate } = flatten(parseEvent(event));
  return nonPrivate ? Infinity : worstLoss(releases);
}

/** Where losses are too large for grids of any use, Renyi divergences still bound them. */
function capped(found: Enclosure, event: Event, delta: number): Enclosure {
  if (!(found.upper > largestTabulated)) return found;
  const upper = Math.min(found.upper, rdpEpsilon(event, delta).epsilon * (1 + 1e-13));
  return { upper, lower: Math.min(found.lower, upper) };
}

/** Symmetric noise on everybody loses the same in both directions. */
function isSymmetric(releases: readonly Release[]): boolean {
  return releases.every((release) => release.samplingRate === 1);
}

function worstLoss(releases: readonly Release[]): number {
  return Math.max(...directions.map((direction) => worstLossOneWay(releases, direction)), 0);
}

/** Largest total loss; rounded noise has no bound because the comparison with discrete noise leaves a tail. */
function worstLossOneWay(releases: readonly Release[], direction: Direction): number {
  let sum = 0;
  for (const release of releases) sum += release.times * lossSource(release, direction).maximumLoss;
  return sum;
}

function pureResult(releases: readonly Release[]): EpsilonResult {
  const pure = worstLoss(releases);
  if (pure === Infinity) {
    throw new AccountingError("no-pure-epsilon", {
      message: "At delta 0 this event has no finite epsilon: Gaussian noise never has one.",
      value: 0,
      expected: "a delta above 0, or Laplace noise",
    });
  }
  return same({ upper: pure * (1 + 1e-14), lower: pure * (1 - 1e-14) }, 0);
}

/** Sensitivity over sigma when the whole composition is one Gaussian release on everybody. */
function plainGaussian(releases: readonly Release[]): number | undefined {
  const only = releases.length === 1 ? releases[0] : undefined;
  if (only?.mechanism.kind !== "gaussian" || only.samplingRate !== 1 || only.times !== 1) return undefined;
  return 1 / only.mechanism.noiseMultiplier;
}

function gaussianEpsilon(ratio: number, logDelta: number): Enclosure {
  const f = (x: number): number => gaussianLogDelta(x, ratio);
  const upper = firstBelow((x) => f(x) + 1e-12, logDelta, ratio * ratio);
  const lower = lastAbove((x) => f(x) - 1e-12, logDelta, upper);
  return { upper: upper * (1 + 1e-13), lower: lower * (1 - 1e-13) };
}

function components(releases: readonly Release[], direction: Direction): Component[] {
  return releases.map((release) => ({ source: lossSource(release, direction), times: release.times }));
}

/** Widest gap between the bounds that is accepted without a second, finer look. */
const widestGap: Precision = { relative: 1.2e-4, absolute: 6e-6 };
/** How much wider a gap is accepted where the loss has no heavy tail. */
const smoothGap = 2.5;
const anyGap: Precision = { relative: Infinity, absolute: 0 };
/** Above this epsilon the bound by Renyi divergences is asked too. */
const largestTabulated = 1e5;
/** Least noise over sensitivity whose losses are tabulated. */
const narrowest = 5e-4;
/** Compositions of more different releases than this are looked at once: time grows with their number. */
const mostRefined = 50;
/** Grids longer than this are not refined. */
const longestRefined = 80_000;

function epsilonOneWay(
  releases: readonly Release[],
  direction: Direction,
  logDelta: number,
  precision: Precision,
  widest: Precision = widestGap,
): Enclosure {
  const worst = worstLossOneWay(releases, direction) * (1 + 1e-14);
  let best: Enclosure = { upper: worst, lower: 0 };
  let known: number | undefined;
  // Every look is valid, so the best of each side counts.
  for (const finer of [1, 4, 16, 64]) {
    const curve = bounds(releases, direction, { logDelta }, scaled(precision, 1 / finer), known);
    const upper = Math.min(worst, firstBelow(curve.upper, logDelta, curve.near));
    const lower = lastAbove(curve.lower, logDelta, Math.min(upper, 1e300));
    best = intersect(best, { upper, lower });
    const gap = best.upper - best.lower;
    // Where the saddle point was right the upper bound is as precise as asked, whatever the lower one is.
    const trust = Math.abs(curve.near - best.upper) < 0.1 * best.upper ? smoothGap : 1;
    if (gap <= Math.max(trust * widest.relative * relaxation(best.upper) * best.upper, widest.absolute))
      break;
    if (curve.points > longestRefined || releases.length > mostRefined) break;
    known = best.upper;
  }
  return best;
}

/** What two enclosures of one value say together. */
function intersect(a: Enclosure, b: Enclosure): Enclosure {
  return { upper: Math.min(a.upper, b.upper), lower: Math.max(a.lower, b.lower) };
}

function scaled({ relative, absolute }: Precision, factor: number): Precision {
  return { relative: relative * factor, absolute: absolute * factor };
}

function deltaOneWay(
  releases: readonly Release[],
  direction: Direction,
  epsilon: number,
  precision: Precision,
  nearDelta?: number,
): Enclosure {
  if (epsilon >= worstLossOneWay(releases, direction)) return { upper: -Infinity, lower: -Infinity };
  const at = (target: Target, asked: Precision): Enclosure => {
    const curve = bounds(releases, direction, target, asked);
    return { upper: curve.upper(epsilon), lower: curve.lower(epsilon) };
  };
  if (nearDelta !== undefined) return at({ logDelta: Math.log(nearDelta) }, precision);
  // The grid is laid out around a delta: look roughly first, then around what was found.
  let best = at({ epsilon }, scaled(precision, 30));
  for (let look = 0; look < 4; look += 1) {
    const next = at({ logDelta: best.upper }, precision);
    const settled = next.upper > best.upper - 0.5;
    best = intersect(best, next);
    if (settled || best.upper === -Infinity) break;
  }
  return best;
}

/** Both curves, log delta as a function of epsilon, with the lattice's allowance. */
interface Bounds {
  readonly upper: (x: number) => number;
  readonly lower: (x: number) => number;
  readonly near: number;
  readonly points: number;
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

function same(enclosure: Enclosure, delta: number): EpsilonResult {
  return joined(enclosure, enclosure, delta);
}

function joined(remove: Enclosure, add: Enclosure, delta: number): EpsilonResult {
  const direction = remove.upper >= add.upper ? "remove" : "add";
  return Object.freeze({
    epsilon: Math.max(remove.upper, add.upper),
    epsilonLower: Math.max(remove.lower, add.lower),
    delta,
    direction,
    remove: Object.freeze(remove),
    add: Object.freeze(add),
  });
}

function deltaResult(ways: readonly Enclosure[], epsilon: number): DeltaResult {
  const logDelta = Math.max(...ways.map((way) => way.upper));
  const logDeltaLower = Math.max(...ways.map((way) => way.lower));
  return Object.freeze({
    delta: Math.min(1, Math.exp(logDelta) * (1 + 1e-15)),
    deltaLower: Math.exp(logDeltaLower),
    logDelta,
    logDeltaLower,
    epsilon,
    direction: (ways[1]?.upper ?? -Infinity) > (ways[0]?.upper ?? 0) ? "add" : "remove",
  });
}
