import { delta as deltaOf } from "./accountant.js";
import { AccountingError } from "./errors.js";
import { composed, type Event, gaussian, poissonSampled, repeated } from "./events.js";

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
 * calibrateNoiseMultiplier({ epsilon: 2, delta: 1e-5, samplingRate: 0.0625, steps: 1000 }); // 4.05028...
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
  );
}

/**
 * The value of one parameter, on the safe side, at which an event reaches (epsilon, delta).
 *
 * Guarantees:
 * - the event of the returned value has an upper bound on delta at `target.epsilon` of at most `target.delta`
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
  const { integer = false, relative = 1e-6, privacy = "increasing" } = options;
  const { minimum = integer ? 1 : 1e-6, maximum = 1e9 } = options;
  const logTarget = Math.log(target.delta);
  const excess = (value: number): number =>
    Math.max(
      -1e6,
      deltaOf(makeEvent(value), target.epsilon, { precision: { relative: 8e-6, absolute: 1e-6 } }).logDelta,
    ) - logTarget;
  const round = (value: number): number => (integer ? Math.round(value) : value);
  const grow = privacy === "increasing" ? 1 : -1;
  // `bad` misses the target, `good` reaches it; walk from the guess until both are known.
  let good: number | undefined;
  let bad: number | undefined;
  let goodExcess = 0;
  let badExcess = 0;
  let trial = round(Math.min(maximum, Math.max(minimum, options.guess ?? 1)));
  for (let factor = 1.5; good === undefined || bad === undefined; factor = Math.min(16, factor * factor)) {
    const value = excess(trial);
    const reaches = value <= 0;
    if (reaches) [good, goodExcess] = [trial, value];
    else [bad, badExcess] = [trial, value];
    if (good !== undefined && bad !== undefined) break;
    const edge = reaches === grow > 0 ? minimum : maximum;
    if (trial === edge) {
      if (reaches) return trial;
      throw unreachable(target, trial);
    }
    const next = reaches === grow > 0 ? trial / factor : trial * factor;
    trial = round(Math.min(maximum, Math.max(minimum, next)));
  }
  for (let i = 0; i < 200; i += 1) {
    if (Math.abs(good - bad) <= (integer ? 1 : relative * 0.5 * good)) break;
    trial = round(nextTrial(good, goodExcess, bad, badExcess, i, integer ? 1 : relative * 0.2 * good));
    const value = excess(trial);
    if (value <= 0) [good, goodExcess] = [trial, value];
    else [bad, badExcess] = [trial, value];
  }
  return good;
}

/** False position in log-log with a nudge past the root, so that both ends close in; bisection every third time. */
function nextTrial(
  good: number,
  goodExcess: number,
  bad: number,
  badExcess: number,
  round: number,
  nudge: number,
): number {
  const low = Math.min(good, bad);
  const high = Math.max(good, bad);
  let trial = Math.sqrt(good * bad);
  if (round % 4 !== 3 && Number.isFinite(goodExcess + badExcess)) {
    const share = badExcess / (badExcess - goodExcess);
    const root = Math.exp(Math.log(bad) + share * (Math.log(good) - Math.log(bad)));
    // Aim a little past the root, alternately on its two sides.
    trial =
      root +
      (round % 2 === 0 ? 1 : -1) *
        Math.sign(good - bad) *
        Math.max(nudge, 0.02 * Math.abs(good - bad) * (round < 2 ? 1 : 0.05));
  }
  return Math.min(high - nudge, Math.max(low + nudge, trial));
}

function check({ epsilon, delta }: PrivacyTarget): void {
  if (!(typeof epsilon === "number" && epsilon >= 0 && epsilon < Infinity)) {
    throw new AccountingError("bad-argument", {
      message: `epsilon is ${String(epsilon)}.`,
      value: epsilon,
      expected: "a finite number of at least 0",
    });
  }
  if (!(typeof delta === "number" && delta > 0 && delta < 1)) {
    throw new AccountingError("bad-argument", {
      message: `delta is ${String(delta)}.`,
      value: delta,
      expected: "a number strictly between 0 and 1",
    });
  }
}

function unreachable(target: PrivacyTarget, last: number): AccountingError {
  return new AccountingError("unreachable-target", {
    message: `No value up to ${last} reaches epsilon ${target.epsilon} at delta ${target.delta}.`,
    value: target,
    next: "Take fewer steps, a smaller sampling rate, or a larger epsilon or delta.",
  });
}
