import { calibrate, calibrateNoiseMultiplier, epsilon } from "../accounting/index.js";
import { PlanError } from "./errors.js";
import { laplaceShift, planEvent, type SpendingPlan } from "./event.js";
import { latticeSensitivity, type Plan, stageSampling, widestNoise } from "./plan.js";

type Schedule = Omit<SpendingPlan, "mechanism">;

/** What a calibration found: the mechanism, and the upper bound on what it spends. */
export interface CalibratedMechanism {
  readonly mechanism: Plan["mechanism"];
  readonly spent: number;
}

/**
 * The mechanism with the least noise on the lattice whose own event stays within the budget.
 *
 * Guarantees:
 * - `spent`, the accountant's upper bound for the event of this mechanism on this schedule, is at most the budget.
 *
 * @throws {PlanError} `budget-unreachable`
 */
export function calibrateMechanism(
  schedule: Schedule,
  kind: Plan["mechanism"]["kind"],
  targetEpsilon: number,
  delta: number,
): CalibratedMechanism {
  const make = kind === "discrete-gaussian" ? gaussianMechanism : laplaceMechanism;
  const found = Math.ceil(
    kind === "discrete-gaussian"
      ? gaussianGuess(schedule, targetEpsilon, delta)
      : laplaceGuess(schedule, targetEpsilon, delta),
  );
  let noise = Math.max(1, found);
  // The lattice's own correction is about 1e-7 of epsilon: a few parts in ten million more noise covers it.
  for (let attempt = 0; attempt < 20 && noise <= widestNoise; attempt += 1) {
    const mechanism = make(noise);
    const spent = epsilon(planEvent({ ...schedule, mechanism }), delta).epsilon;
    if (spent <= targetEpsilon) return { mechanism, spent };
    noise = Math.ceil(noise * (1 + 1e-7 * 2 ** attempt));
  }
  throw new PlanError("budget-unreachable", {
    message: `No noise on the lattice keeps epsilon within ${targetEpsilon} at delta ${delta}.`,
    value: targetEpsilon,
    expected: `noise of at most ${widestNoise / latticeSensitivity} clip thresholds`,
    next: "Use fewer steps, a smaller batch or a larger epsilon.",
  });
}

function gaussianMechanism(standardDeviation: number): Plan["mechanism"] {
  return { kind: "discrete-gaussian", latticeSensitivity, standardDeviation };
}

function laplaceMechanism(scale: number): Plan["mechanism"] {
  return { kind: "discrete-laplace", latticeSensitivity, scale };
}

/** The continuous Gaussian's answer in lattice units. */
function gaussianGuess(schedule: Schedule, targetEpsilon: number, delta: number): number {
  const phases = phasesOf(schedule);
  const [only] = phases;
  const target = { epsilon: targetEpsilon, delta };
  const question = phases.length === 1 && only !== undefined ? { ...target, ...only } : { ...target, phases };
  return calibrateNoiseMultiplier(question) * latticeSensitivity;
}

function laplaceGuess(schedule: Schedule, targetEpsilon: number, delta: number): number {
  const pure = pureLaplaceScale(schedule, targetEpsilon);
  if (delta === 0) return pure;
  const event = (scale: number): ReturnType<typeof planEvent> =>
    planEvent({ ...schedule, mechanism: laplaceMechanism(scale) });
  const target = { epsilon: targetEpsilon, delta };
  const units = calibrate((scale) => event(scale * unit), target, { guess: pure / unit });
  return units * unit;
}

/** The calibration searches in multiples of the sensitivity. */
const unit = latticeSensitivity;

/**
 * The scale at which basic composition of pure releases meets the budget: sum of log(1 + q (e^(N/t) - 1)).
 *
 * @see methods.md 1.3
 */
function pureLaplaceScale(schedule: Schedule, targetEpsilon: number): number {
  const shift = laplaceShift(latticeSensitivity, "upper");
  const spent = (scale: number): number =>
    phasesOf(schedule).reduce(
      (sum, { samplingRate, steps }) => sum + steps * Math.log1p(samplingRate * Math.expm1(shift / scale)),
      0,
    );
  let [low, high] = [1, widestNoise];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (spent(middle) <= targetEpsilon) high = middle;
    else low = middle;
  }
  return high;
}

/** Neighbouring stages at one rate as one. */
function phasesOf(schedule: Schedule): { samplingRate: number; steps: number }[] {
  const phases: { samplingRate: number; steps: number }[] = [];
  for (const stage of schedule.stages) {
    const { numerator, denominator } = stageSampling(schedule, stage);
    const samplingRate = numerator / denominator;
    const last = phases[phases.length - 1];
    if (last?.samplingRate === samplingRate) last.steps += stage.steps;
    else phases.push({ samplingRate, steps: stage.steps });
  }
  return phases;
}
