/** What a mask ranks weights by. All are functions of public weights, names and seeds; none reads a record. */
export type MaskScore =
  "small-magnitude" | "large-magnitude" | "random" | "synflow" | "synflow-estimate" | "grasp-estimate";

/** What is kept or left as one: single weights, rows of the first axis, or whole tensors. */
export type MaskGranularity = "weight" | "row" | "tensor";

/**
 * How a stage's mask follows from the stages before.
 *
 * - `static`: scored on the base, whatever was trained since.
 * - `dynamic`: scored anew on the weights at the stage's start; the mask before is dropped.
 * - `grow`: what was kept stays, and the best of the rest is added up to the stage's ratio.
 * - `rotate`: only weights that no earlier stage trained are taken.
 */
export type MaskStrategy = "static" | "dynamic" | "grow" | "rotate";

/** Weights are multiplied from `high` (the most important one kept) down to `low`, in the order of their rank. */
export interface RankWeights {
  readonly high: number;
  readonly low: number;
}

/** A stage's mask, as the plan describes it. Every number is public. */
export interface MaskSpec {
  readonly score: MaskScore;
  readonly strategy: MaskStrategy;
  readonly granularity: MaskGranularity;
  /** Share of the selected tensors' weights that is kept, in (0, 1]. */
  readonly ratio: number;
  /** Every tensor keeps at least this share of what the ratio alone would give it, in [0, 1]: no layer collapses. */
  readonly floor: number;
  readonly rankWeights?: RankWeights;
  /** Random directions of the two estimates; the other scores need none. */
  readonly queries: number;
}

/** Whether a mask's score is taken on the model's network, and so on all of its tensors. */
export function needsNetwork({ score }: Pick<MaskSpec, "score">): boolean {
  return score === "synflow" || score === "synflow-estimate" || score === "grasp-estimate";
}
