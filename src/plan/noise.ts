import { latticeUnit, type LatticeSpec, releaseLength } from "../mechanism/index.js";
import type { LedgerSchedule } from "../ledger/index.js";
import type { Plan, PlanStage, RunPlan } from "./plan.js";

/** The standard deviation of one released value's noise, in lattice units; Laplace noise of scale t has sqrt(2) t. */
export function noiseDeviation(mechanism: Plan["mechanism"]): number {
  return mechanism.kind === "discrete-gaussian" ? mechanism.standardDeviation : Math.SQRT2 * mechanism.scale;
}

/** The noise's standard deviation over the sensitivity of a release (sigma, for Gaussian noise). */
export function noiseMultiplierOf(mechanism: Plan["mechanism"]): number {
  return noiseDeviation(mechanism) / mechanism.latticeSensitivity;
}

/** The part of a plan that says what lattice it releases on. */
interface LatticePlan {
  readonly mechanism: Pick<RunPlan["mechanism"], "latticeSensitivity">;
}

/** The part of a stage that says how its differences become integers. */
export type LatticeStage = Pick<PlanStage, "directions" | "clipThreshold" | "clip" | "adaptiveClip">;

/**
 * How a step of a stage becomes integers.
 *
 * @param clipThreshold that of the step, where it is not the one at which the stage starts
 */
export function stageLattice(
  { mechanism }: LatticePlan,
  stage: LatticeStage,
  clipThreshold: number = stage.clipThreshold,
): LatticeSpec {
  const { directions, clip, adaptiveClip } = stage;
  const { latticeSensitivity } = mechanism;
  return {
    directions,
    clipThreshold,
    latticeSensitivity,
    ...(clip && { clip }),
    ...(adaptiveClip && { countSensitivity: adaptiveClip.countSensitivity }),
  };
}

/** One lattice unit of a stage's differences, in real units; of a step of it, as {@link stageLattice}. */
export function stageUnit(plan: LatticePlan, stage: LatticeStage, clipThreshold?: number): number {
  return latticeUnit(stageLattice(plan, stage, clipThreshold));
}

/** How many values a step of a stage releases: K, and one more where a count is. */
export function valueCount({
  directions,
  adaptiveClip,
}: Pick<PlanStage, "directions" | "adaptiveClip">): number {
  return releaseLength({ directions, countSensitivity: adaptiveClip?.countSensitivity });
}

/** How many values each step of a plan releases, and so how long its ledger's lines may be. */
export function releaseSchedule({ stages }: Pick<RunPlan, "stages">): LedgerSchedule {
  return { stages: stages.map((stage) => ({ steps: stage.steps, valueCount: valueCount(stage) })) };
}
