import { AccountingError, badArgument, checkEpsilon } from "./errors.js";
import { type Event, parseEvent } from "./events.js";
import { flatten, type Release } from "./flatten.js";
import { gaussianLogDelta } from "./gaussian-exact.js";
import { anyGap, deltaOneWay, type Enclosure, epsilonOneWay, scaled, worstLossOneWay } from "./one-way.js";
import type { Precision } from "./pld.js";
import { firstBelow, lastAbove } from "./solve.js";
import type { Direction } from "./splat.js";
import { within } from "./work.js";

export type { Enclosure } from "./one-way.js";

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
  /**
   * True where the bounds are farther apart than a thousandth: the exact answer would have taken too long, or doubles do
   * not reach. `epsilon` is a guarantee all the same.
   */
  readonly coarse: boolean;
}

/** Answer to "what is delta at this epsilon". Logarithms because delta may be far below the least number. */
export interface DeltaResult {
  readonly delta: number;
  readonly deltaLower: number;
  readonly logDelta: number;
  readonly logDeltaLower: number;
  readonly epsilon: number;
  readonly direction: Direction;
  /** True where the bounds differ by more than a tenth; `delta` is a guarantee all the same. */
  readonly coarse: boolean;
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
  checkDelta(delta);
  checkOptions(options);
  const { releases, nonPrivate } = flatten(parseEvent(event));
  if (nonPrivate) return same({ upper: Infinity, lower: Infinity }, delta);
  return epsilonOfReleases(releases, delta, options);
}

/** {@link epsilon} of what an event was flattened to. */
export function epsilonOfReleases(
  releases: readonly Release[],
  delta: number,
  options: AccountingOptions = {},
): EpsilonResult {
  if (delta === 1 || releases.length === 0) return same({ upper: 0, lower: 0 }, delta);
  if (delta === 0) return pureResult(releases);
  const exact = plainGaussian(releases);
  if (exact !== undefined) return same(gaussianEpsilon(exact, Math.log(delta)), delta);
  return limited(() => searched(releases, delta, { ...defaultPrecision, ...options.precision }));
}

function searched(releases: readonly Release[], delta: number, precision: Precision): EpsilonResult {
  const ask = (direction: Direction, asked: Precision): Enclosure =>
    epsilonOneWay(releases, direction, Math.log(delta), asked);
  const remove = ask("remove", precision);
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
  checkOptions(options);
  const { releases, nonPrivate } = flatten(parseEvent(event));
  if (nonPrivate) return deltaResult([{ upper: 0, lower: 0 }], epsilon);
  if (releases.length === 0) return deltaResult([{ upper: -Infinity, lower: -Infinity }], epsilon);
  const exact = plainGaussian(releases);
  if (exact !== undefined) {
    const log = gaussianLogDelta(epsilon, exact);
    return deltaResult([{ upper: Math.min(0, log + 1e-12), lower: log - 1e-12 }], epsilon);
  }
  return limited(() => searchedDelta(releases, epsilon, options));
}

function searchedDelta(
  releases: readonly Release[],
  epsilon: number,
  options: AccountingOptions,
): DeltaResult {
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

/** Work for one answer, at about 8 ns a step: what is left when it is spent is answered coarsely. */
const mostWork = 200e6;

/** Within the limit a direction always has an answer, so this has, too. */
function limited<T>(answer: () => T): T {
  return within(mostWork, answer) as T;
}

/** Symmetric noise on everybody loses the same in both directions. */
function isSymmetric(releases: readonly Release[]): boolean {
  return releases.every((release) => release.samplingRate === 1);
}

function worstLoss(releases: readonly Release[]): number {
  return Math.max(...directions.map((direction) => worstLossOneWay(releases, direction)), 0);
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

function same(enclosure: Enclosure, delta: number): EpsilonResult {
  return joined(enclosure, enclosure, delta);
}

/** Refuses a delta that is no probability. */
export function checkDelta(delta: number): void {
  if (!(typeof delta === "number" && delta >= 0 && delta <= 1)) {
    throw badArgument("delta", delta, "a number from 0 to 1");
  }
}

/** Refuses a precision or a hint that is none. */
function checkOptions({ precision = {}, nearDelta }: AccountingOptions): void {
  for (const [name, value] of Object.entries(precision)) {
    if (!(typeof value === "number" && value > 0 && value < Infinity)) {
      throw badArgument(`precision.${name}`, value, "a finite number above 0");
    }
  }
  if (nearDelta === undefined) return;
  if (!(typeof nearDelta === "number" && nearDelta > 0 && nearDelta <= 1)) {
    throw badArgument("nearDelta", nearDelta, "a number above 0, at most 1");
  }
}

function joined(remove: Enclosure, add: Enclosure, delta: number): EpsilonResult {
  const direction = remove.upper >= add.upper ? "remove" : "add";
  const upper = Math.max(remove.upper, add.upper);
  const lower = Math.max(remove.lower, add.lower);
  return Object.freeze({
    epsilon: upper,
    epsilonLower: lower,
    coarse: upper - lower > Math.max(1e-3 * upper, 1e-5),
    delta,
    direction,
    remove: Object.freeze(remove),
    add: Object.freeze(add),
  });
}

function deltaResult(ways: readonly Enclosure[], epsilon: number): DeltaResult {
  const logDelta = Math.max(...ways.map((way) => way.upper));
  const logDeltaLower = Math.min(logDelta, Math.max(...ways.map((way) => way.lower)));
  return Object.freeze({
    delta: Math.min(1, Math.exp(logDelta) * (1 + 1e-15)),
    deltaLower: Math.exp(logDeltaLower),
    logDelta,
    logDeltaLower,
    coarse: logDelta - logDeltaLower > 0.1,
    epsilon,
    direction: (ways[1]?.upper ?? -Infinity) > (ways[0]?.upper ?? 0) ? "add" : "remove",
  });
}
