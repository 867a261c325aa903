import type { Event, RepeatedEvent } from "../accounting/index.js";
import type { Plan } from "./plan.js";

/** What is needed to say what a run spends: part of a {@link Plan}. */
export type SpendingPlan = Pick<Plan, "sampling" | "mechanism"> & {
  readonly stages: readonly Pick<Plan["stages"][number], "steps" | "directions">[];
};

/**
 * The privacy event of the first `steps` steps of a plan (all of them by default).
 *
 * Guarantees:
 * - It describes the mechanism that is run: the discrete Gaussian on the lattice, of K coordinates under one
 *   vector clip, on a Poisson sample, and not its continuous idealisation.
 * - A step whose release was lost in a crash counts like any other.
 *
 * @see methods.md 5.1, 5.2
 */
export function planEvent(plan: SpendingPlan, steps: number = Infinity): Event {
  let left = steps;
  const events: RepeatedEvent[] = [];
  for (const stage of plan.stages) {
    const times = Math.min(left, stage.steps);
    if (times > 0) events.push({ kind: "repeated", event: stepEvent(plan, stage.directions), times });
    left -= times;
  }
  return { kind: "composed", events: mergeRepeated(events) };
}

function stepEvent({ sampling, mechanism }: SpendingPlan, directions: number): Event {
  return {
    kind: "poissonSampled",
    samplingRate: sampling.numerator / sampling.denominator,
    event: {
      kind: "discreteGaussian",
      standardDeviation: mechanism.standardDeviation,
      sensitivity: mechanism.latticeSensitivity,
      dimensions: directions,
    },
  };
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
