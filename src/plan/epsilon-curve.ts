import { epsilon } from "../accounting/index.js";
import { totalSteps } from "../schedule/index.js";
import { planEvent } from "./event.js";
import type { Plan } from "./plan.js";

/** Epsilon after so many steps: an upper bound, at the plan's delta. */
export interface EpsilonPoint {
  readonly step: number;
  readonly epsilon: number;
}

/** Points of the curve: enough for a picture, few enough to compute in a moment. */
const points = 24;

/** Epsilon at about 24 evenly spaced steps of a plan, the last step among them. */
export function epsilonCurve(plan: Plan): readonly EpsilonPoint[] {
  const total = totalSteps(plan.stages);
  const steps = Array.from({ length: points }, (_, index) => Math.ceil(((index + 1) * total) / points));
  return [...new Set(steps)].map((step) => ({
    step,
    epsilon:
      step === total ? plan.privacy.epsilon : epsilon(planEvent(plan, step), plan.privacy.delta).epsilon,
  }));
}

/** An upper bound on what the first `step` steps spend: the curve's next point. */
export function epsilonSoFar(curve: readonly EpsilonPoint[], step: number): number {
  if (step <= 0) return 0;
  return (curve.find((point) => point.step >= step) ?? curve.at(-1))?.epsilon ?? Infinity;
}
