import { delta as deltaOf, epsilon as epsilonOf } from "./accountant.js";
import { AccountingError, badArgument, checkEpsilon } from "./errors.js";
import type { Precision } from "./pld.js";
import { composed, type Event, gaussian, poissonSampled, repeated } from "./events.js";
import { isSpent, within } from "./work.js";

/** What a calibration must reach. */
export interface PrivacyTarget {
  readonly epsilon: number;
  readonly delta: number;
}

/** How a calibration searches. */
export interface CalibrationOptions {
  /** A value to start from. */
  readonly guess?: number;
  /** Search among integers only; the answer is then exact. */
  readonly integer?: boolean;
  /** Relative width of the final bracket; 1e-6 unless told. */
  readonly relative?: number;
  /** Does more of the parameter mean more privacy (noise) or less (steps, sampling rate)? */
  readonly privacy?: "increasing" | "decreasing";
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Stages with different sampling rates and lengths under one noise multiplier. */
export interface CalibrationPhase {
  readonly samplingRate: number;
  readonly steps: number;
  /** Noise of this phase relative to the calibrated one; 1 unless told. */
  readonly relativeNoise?: number;
}

/** The noise-multiplier question, for one phase or several. */
export type NoiseQuestion = PrivacyTarget &
  Pick<CalibrationOptions, "relative"> &
  (
    | { readonly samplingRate: number; readonly steps: number }
    | { readonly phases: readonly CalibrationPhase[] }
  );

/**
 * The least noise multiplier, to 1e-6 relative, that reaches (epsilon, delta) under Poisson sampling.
 *
 * Guarantees:
 * - the returned value reaches the target: its upper bound on delta at `epsilon` is at most `delta`
 *
 * @throws {AccountingError} `bad-argument`, or `unreachable-target` when no noise up to 1e9 is enough.
 * @example
 * calibrateNoiseMultiplier({ epsilon: 2, delta: 1e-5, samplingRate: 0.0625, steps: 1000 }); // 4.05048...
 */
export function calibrateNoiseMultiplier(question: NoiseQuestion): number {
  const phases: readonly CalibrationPhase[] = "phases" in question ? question.phases : [question];
  return calibrate(
    (noise) =>
      composed(
        phases.map(({ samplingRate, steps, relativeNoise = 1 }) =>
          repeated(poissonSampled(samplingRate, gaussian(noise * relativeNoise)), steps),
        ),
      ),
    question,
    question.relative === undefined ? {} : { relative: question.relative },
  );
}

/**
 * The value of one parameter, on the safe side, at which an event reaches (epsilon, delta).
 *
 * Guarantees:
 * - the event of the returned value has an upper bound on delta at `target.epsilon` of at most `target.delta`, and
 *   `epsilon` of it at `target.delta` answers at most `target.epsilon`
 * - it is within `relative` of one that has not, or is the bound of the search
 *
 * @param makeEvent From the parameter to the event; privacy must be monotone in it.
 * @example
 * const S = calibrate((s) => repeated(poissonSampled(q, discreteGaussian(s, 2 ** 20)), T), target,
 *   { integer: true, guess: 2 ** 22 });
 */
export function calibrate(
  makeEvent: (value: number) => Event,
  target: PrivacyTarget,
  options: CalibrationOptions = {},
): number {
  check(target);
  const { found, settled } = within(searchWork, () => searched(makeEvent, target, options)) as Search;
  return within(settleWork, () => settled(found)) as number;
}

/** Work for a search; once it is spent the search ends where it stands. */
const searchWork = 320e6;
/** Work for seeing that `epsilon` agrees; once it is spent answers are coarse, and the way outward is longer. */
const settleWork = 160e6;

interface Search {
  readonly found: number;
  readonly settled: (found: number) => number;
}

function searched(
  makeEvent: (value: number) => Event,
  target: PrivacyTarget,
  options: CalibrationOptions,
): Search {
  const { integer = false, relative = 1e-6, privacy = "increasing" } = options;
  const { minimum = integer ? 1 : 1e-6, maximum = 1e9 } = options;
  const excess = (value: number, precision: Precision): number =>
    Math.max(
      -1e6,
      deltaOf(makeEvent(value), target.epsilon, { precision, nearDelta: target.delta }).logDelta,
    ) - Math.log(target.delta);
  const round = (value: number): number =>
    Math.min(maximum, Math.max(minimum, integer ? Math.round(value) : value));
  const outward = privacy === "increasing" ? 1 : -1;
  const rough = bracket((value) => excess(value, roughPrecision), round(options.guess ?? 1), {
    round,
    outward,
  });
  const width = (at: number): number => (integer ? 1 : relative * at);
  narrow(
    (value) => excess(value, roughPrecision),
    rough,
    (at) => Math.max(width(at), 3e-3 * at),
    round,
  );
  // The fine function is nearly the rough one: start where that crosses, walk outward until both sides are known.
  const start = isSpent() ? (rough.good?.at ?? round(rough.crossing())) : round(rough.crossing());
  const fine = bracket((value) => excess(value, finePrecision), start, {
    round,
    outward,
    slope: rough.slope(),
  });
  narrow((value) => excess(value, finePrecision), fine, width, round);
  const good = isSpent() ? nearer(fine.good, rough.good, outward) : fine.good;
  if (good === undefined) throw unreachable(target, fine.bad?.at ?? start);
  return {
    found: good.at,
    settled: (found) => settle(makeEvent, target, found, round, outward, width(found)),
  };
}

/** Of two values that reach the target the one with less privacy to spare. */
function nearer(a: Trial | undefined, b: Trial | undefined, outward: number): Trial | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return outward * (a.at - b.at) <= 0 ? a : b;
}

/** Steps outward, doubling, until `epsilon` itself (at its own precision) answers within the target. */
function settle(
  makeEvent: (value: number) => Event,
  target: PrivacyTarget,
  found: number,
  round: (value: number) => number,
  outward: number,
  width: number,
): number {
  let value = found;
  for (let step = width; epsilonOf(makeEvent(value), target.delta).epsilon > target.epsilon; step *= 2) {
    const next = round(found + outward * step);
    if (next === value && step > width) throw unreachable(target, value);
    value = next;
  }
  return value;
}

const roughPrecision: Precision = { relative: 1e-3, absolute: 1e-5 };
const finePrecision: Precision = { relative: 2e-5, absolute: 1e-6 };

interface Trial {
  readonly at: number;
  /** log delta minus its target: at most 0 on the safe side. */
  readonly excess: number;
}

/** A value that reaches the target and one that does not; one may be missing when the search met its bound. */
class Bracket {
  good: Trial | undefined;
  bad: Trial | undefined;

  record(at: number, excess: number): void {
    if (excess <= 0) this.good = { at, excess };
    else this.bad = { at, excess };
  }

  /** d excess / d log(value), or undefined while only one side is known. */
  slope(): number | undefined {
    if (this.good === undefined || this.bad === undefined) return undefined;
    return (this.good.excess - this.bad.excess) / Math.log(this.good.at / this.bad.at);
  }

  /** Where a straight line in (log value, excess) crosses zero; the known end when there is only one. */
  crossing(): number {
    const slope = this.slope();
    const { good, bad } = this;
    if (good === undefined || bad === undefined || slope === undefined) return (good ?? bad)?.at ?? 1;
    const at = bad.at * Math.exp(-bad.excess / slope);
    return Number.isFinite(at) ? at : Math.sqrt(good.at * bad.at);
  }
}

interface Walk {
  readonly round: (value: number) => number;
  /** 1 when larger values are more private, -1 when smaller ones are. */
  readonly outward: number;
  readonly slope?: number | undefined;
}

/** Walks from `start` until one value reaches the target and one does not, or a bound is met. */
function bracket(f: (value: number) => number, start: number, { round, outward, slope }: Walk): Bracket {
  const found = new Bracket();
  let factor = slope === undefined ? 1.5 : 1 + 1e-6;
  for (let at = start; ;) {
    const excess = f(at);
    found.record(at, excess);
    if (found.good !== undefined && found.bad !== undefined) return found;
    if (found.good !== undefined && isSpent()) return found;
    // With a slope, aim just past the crossing; without, stride.
    const newton = slope === undefined ? 1 : Math.exp(Math.min(0.5, Math.abs(excess / slope)));
    const direction = excess > 0 ? outward : -outward;
    let next = round(at * (newton * factor) ** direction);
    if (next === at) next = round(at + direction);
    if (next === at) return found;
    factor = slope === undefined ? Math.min(16, factor ** 1.5) : 1 + 8 * (factor - 1);
    at = next;
  }
}

/** Narrows a bracket until its ends are at most `width` apart: false position, with a bisection now and then. */
function narrow(
  f: (value: number) => number,
  found: Bracket,
  width: (at: number) => number,
  round: (value: number) => number,
): void {
  for (let i = 0; i < 200; i += 1) {
    const { good, bad } = found;
    if (good === undefined || bad === undefined) return;
    if (isSpent()) return;
    const gap = Math.abs(good.at - bad.at);
    const least = width(good.at);
    if (gap <= least) return;
    // Land just past the crossing, on the side of the end that is farther from it, so that both ends move.
    const crossing = i % 4 === 3 ? (good.at + bad.at) / 2 : found.crossing();
    const towardGood = Math.abs(good.at - crossing) > Math.abs(bad.at - crossing) ? 1 : -1;
    const nudged = crossing + towardGood * Math.sign(good.at - bad.at) * Math.min(0.4 * least, gap / 4);
    const low = Math.min(good.at, bad.at);
    const high = Math.max(good.at, bad.at);
    let at = round(Math.min(high - gap * 1e-3, Math.max(low + gap * 1e-3, nudged)));
    if (at <= low || at >= high) at = round((low + high) / 2);
    if (at === low || at === high) return;
    found.record(at, f(at));
  }
}

function check({ epsilon, delta }: PrivacyTarget): void {
  checkEpsilon(epsilon);
  if (!(typeof delta === "number" && delta > 0 && delta < 1)) {
    throw badArgument("delta", delta, "a number strictly between 0 and 1");
  }
}

function unreachable(target: PrivacyTarget, last: number): AccountingError {
  return new AccountingError("unreachable-target", {
    message: `No value up to ${last} reaches epsilon ${target.epsilon} at delta ${target.delta}.`,
    value: target,
    next: "Take fewer steps, a smaller sampling rate, or a larger epsilon or delta.",
  });
}
