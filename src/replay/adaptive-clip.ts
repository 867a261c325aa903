import type { LedgerEntry } from "../ledger/index.js";
import { type PlanStage, type RunPlan, stageSampling } from "../plan/index.js";
import type { AdaptiveClipSpec } from "../schedule/index.js";

/** Between these a threshold stays, far inside what the mechanism takes. */
const range = [2 ** -90, 2 ** 90] as const;

/**
 * The clip threshold of the next step, from the count that this step released.
 *
 * Each record of the batch adds +h to the count if the norm of its differences is at most the threshold c, and -h if it
 * is above, so count / (h B) estimates 2 p - 1 with p the share of records within. c grows while p is below the
 * quantile and shrinks while it is above: c (1 + rate (quantile - p)), with p kept from 0 to 1.
 *
 * Guarantees:
 * - Post-processing: a function of the plan and of released values, so replay makes it anew and it costs nothing more than
 *   the coordinate that the count takes in the release.
 * - Bit-exact on every platform: no more than additions, multiplications and divisions, which an exponential would not be.
 * - Always a finite number above 0.
 *
 * @param count the last value of a release, in lattice units
 * @param expectedBatch B, public
 * @see Andrew, Thakkar, McMahan, Ramaswamy 2021, arXiv 1905.03871, section 2: there c exp(-rate (p - quantile)), and the
 *   count has noise of its own; here it is one more coordinate of the vector that is released
 */
export function nextClipThreshold(
  clipThreshold: number,
  { quantile, rate, countSensitivity }: AdaptiveClipSpec,
  count: number,
  expectedBatch: number,
): number {
  const within = Math.min(1, Math.max(0, (count / (countSensitivity * expectedBatch) + 1) / 2));
  const next = clipThreshold * (1 + rate * (quantile - within));
  return Math.min(range[1], Math.max(range[0], next));
}

/** The clip threshold of a stage's first step, after a stage (none for the first) that ended with another threshold. */
export function clipThresholdAtStart(
  stage: PlanStage,
  before: PlanStage | undefined,
  clipThreshold: number,
): number {
  return continuesClip(stage, before) ? clipThreshold : stage.clipThreshold;
}

/** Whether a stage goes on with the threshold that the stage before it ended with, and does not start with its own. */
export function continuesClip(stage: PlanStage, before: PlanStage | undefined): boolean {
  if (before?.adaptiveClip === undefined || stage.adaptiveClip === undefined) return false;
  const settings = ({ adaptiveClip, clipThreshold, directions }: PlanStage): string =>
    JSON.stringify([adaptiveClip, clipThreshold, directions]);
  return settings(stage) === settings(before);
}

/** The clip threshold that each stage of a ledger has come to, by the stage's index; for all stages that have begun. */
export function clipThresholdsSoFar(
  plan: RunPlan,
  entries: Iterable<LedgerEntry>,
): ReadonlyMap<number, number> {
  const thresholds = new Map<number, number>();
  let [index, threshold] = [-1, NaN];
  for (const { stage: at, values } of entries) {
    const stage = plan.stages[at];
    if (stage === undefined) continue;
    if (at !== index) threshold = clipThresholdAtStart(stage, plan.stages[index], threshold);
    index = at;
    threshold = clipThresholdAfter(plan, stage, threshold, values);
    thresholds.set(at, threshold);
  }
  return thresholds;
}

/** The clip threshold after a step: moved where the stage's follows a quantile and the step released anything. */
export function clipThresholdAfter(
  plan: RunPlan,
  stage: PlanStage,
  clipThreshold: number,
  values: readonly number[] | undefined,
): number {
  const count = values?.[stage.directions];
  if (stage.adaptiveClip === undefined || count === undefined) return clipThreshold;
  return nextClipThreshold(
    clipThreshold,
    stage.adaptiveClip,
    count,
    stageSampling(plan, stage).expectedBatch,
  );
}
