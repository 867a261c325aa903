import type { DirectionEngine } from "../directions/index.js";
import type { Mask } from "../masks/index.js";
import type { MeasureOptions } from "../measure/measure.js";
import { type PlanStage, type RunPlan, stageSampling } from "../plan/plan.js";
import type { ReplayState } from "../replay/replay.js";
import { effectiveSmoothing } from "../replay/stage-state.js";

/** What a plan's stage says about measuring. */
export type StageMeasure = Pick<
  MeasureOptions,
  "engine" | "tensors" | "mask" | "smoothing" | "estimator" | "expectedVisits"
>;

/**
 * How the private side measures one stage of a plan: every setting of the stage that matters to it, so that nobody who
 * prepares a `Measurer` forgets one.
 *
 * @param mask the stage's, as `runSteps` hands it over; measuring without it what is updated with it would be wrong
 */
export function stageMeasure(setting: {
  readonly plan: RunPlan;
  readonly state: ReplayState;
  readonly stage: PlanStage;
  readonly mask: Mask | undefined;
  readonly engine: DirectionEngine;
}): StageMeasure {
  const { plan, state, stage, mask, engine } = setting;
  const { numerator, denominator } = stageSampling(plan, stage);
  return {
    engine,
    tensors: stage.tensors,
    mask,
    smoothing: effectiveSmoothing(state, stage, mask),
    estimator: stage.estimator,
    expectedVisits: (stage.steps * numerator) / denominator,
  };
}
