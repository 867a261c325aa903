import { latticeUnit } from "../mechanism/index.js";
import type { Plan, PlanStage, RunPlan } from "./plan.js";

/** The standard deviation of one released value's noise, in lattice units; Laplace noise of scale t has sqrt(2) t. */
export function noiseDeviation(mechanism: Plan["mechanism"]): number {
  return mechanism.kind === "discrete-gaussian" ? mechanism.standardDeviation : Math.SQRT2 * mechanism.scale;
}

/** The noise's standard deviation over the sensitivity of a release (sigma, for Gaussian noise). */
export function noiseMultiplierOf(mechanism: Plan["mechanism"]): number {
  return noiseDeviation(mechanism) / mechanism.latticeSensitivity;
}

/** One lattice unit of a stage's released values, in real units. */
export function stageUnit(
  { mechanism }: { readonly mechanism: Pick<RunPlan["mechanism"], "latticeSensitivity"> },
  { directions, clipThreshold, clip }: Pick<PlanStage, "directions" | "clipThreshold" | "clip">,
): number {
  const { latticeSensitivity } = mechanism;
  return latticeUnit({ directions, clipThreshold, latticeSensitivity, ...(clip && { clip }) });
}
