import type { Event, RepeatedEvent } from "../accounting/index.js";
import { valueCount } from "./noise.js";
import { type Plan, type PlanStage, stageSampling } from "./plan.js";

/** What is needed to say what a run spends: part of a {@link Plan}. */
export type SpendingPlan = Pick<Plan, "sampling" | "mechanism"> & {
  readonly stages: readonly Pick<PlanStage, "steps" | "directions" | "sampling" | "adaptiveClip">[];
};

/**
 * The privacy event of the first `steps` steps of a plan (all of them by default).
 *
 * Guarantees:
 * - It describes the mechanism that is run: the discrete Gaussian on the lattice, on a Poisson sample at the stage's own
 *   rate, and not its continuous idealisation. For the discrete Laplace it is the continuous one that dominates it.
 * - It is the same for both clips, whose K integers have norm N at most: a clip of each difference pays for K of them in
 *   its unit, which is sqrt(K) times as coarse.
 * - A count of the records within the clip threshold is one more coordinate of the vector, whose norm stays N at most.
 * - A step whose release was lost in a crash counts like any other.
 *
 * @param side `lower`: an event that spends no more than the mechanism does, for lower bounds
 * @see methods.md 5.1, 5.2
 */
export function planEvent(
  plan: SpendingPlan,
  steps: number = Infinity,
  side: "upper" | "lower" = "upper",
): Event {
  let left = steps;
  const events: RepeatedEvent[] = [];
  for (const stage of plan.stages) {
    const times = Math.min(left, stage.steps);
    if (times > 0) events.push({ kind: "repeated", event: stepEvent(plan, stage, side), times });
    left -= times;
  }
  return { kind: "composed", events: mergeRepeated(events) };
}

function stepEvent(
  plan: SpendingPlan,
  stage: SpendingPlan["stages"][number],
  side: "upper" | "lower",
): Event {
  const { numerator, denominator } = stageSampling(plan, stage);
  return {
    kind: "poissonSampled",
    samplingRate: numerator / denominator,
    event: noiseEvent(plan.mechanism, valueCount(stage), side),
  };
}

function noiseEvent(mechanism: Plan["mechanism"], dimensions: number, side: "upper" | "lower"): Event {
  switch (mechanism.kind) {
    case "discrete-gaussian":
      return {
        kind: "discreteGaussian",
        standardDeviation: mechanism.standardDeviation,
        sensitivity: mechanism.latticeSensitivity,
        dimensions,
      };
    case "discrete-laplace":
      // A plan with more than one direction is refused: their L1 sensitivity would be larger.
      return { kind: "laplace", scale: mechanism.scale / laplaceShift(mechanism.latticeSensitivity, side) };
  }
}

/**
 * The sensitivity at which continuous Laplace noise spends at least, or at most, what discrete noise of the same scale t
 * spends at N.
 *
 * With delta(e; s) = 1 - exp(-(s / t - e) / 2) the continuous mechanism's, the discrete one's delta equals delta(e; N) at
 * e = (N - 2 m) / t for m = 0 ... N and is linear in exp(e) between. It is convex in exp(e), so the line lies above it; and
 * it falls, so the line lies below its value one grid step of 2 / t earlier, which is delta(e; N + 2). Domination at every e
 * carries over to Poisson samples and to compositions (Zhu, Dong, Wang 2022, arXiv 2106.08567).
 */
export function laplaceShift(latticeSensitivity: number, side: "upper" | "lower"): number {
  return side === "upper" ? latticeSensitivity + 2 : latticeSensitivity;
}

/** Joins neighbouring stages that spend alike, so that a homogeneous run is accounted for as one. */
function mergeRepeated(events: readonly RepeatedEvent[]): readonly RepeatedEvent[] {
  const merged: RepeatedEvent[] = [];
  for (const event of events) {
    const last = merged[merged.length - 1];
    if (last && JSON.stringify(last.event) === JSON.stringify(event.event)) {
      merged[merged.length - 1] = { ...last, times: last.times + event.times };
    } else {
      merged.push(event);
    }
  }
  return merged;
}
