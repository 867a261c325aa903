import { firstTrained, type ModelDescription, type ModelStage, type WeightBinding } from "../model/index.js";
import type { PlanStage } from "../plan/index.js";

/** What a run costs in the mean over its secret batches; public, as it follows from the plan. */
export interface Passes {
  /** Losses that are evaluated: records of the mean batch, times 2 K (or K + 1), times steps. */
  readonly lossEvaluations: number;
  /**
   * The same in passes through the whole model: each evaluation counts by the share of the model's multiplications that
   * it runs, and what is kept of the frozen stages counts once a record.
   */
  readonly forwardPasses: number;
}

/** What passes are counted for. */
export interface PassesOptions {
  readonly description: ModelDescription;
  /** Stages of the objective, lowest first. */
  readonly modelStages: readonly ModelStage[];
  /** Tokens of a record, in the mean. */
  readonly tokens: number;
  /** Positions that are read of a record, in the mean. */
  readonly rows: number;
  readonly publicSize: number;
}

/** A stage of a schedule, as far as its cost goes. */
export type CostedStage = Pick<PlanStage, "steps" | "directions" | "estimator" | "tensors"> & {
  /** B of this stage. */
  readonly expectedBatch: number;
};

/**
 * Counts the passes of a schedule.
 *
 * Multiplications with weights are counted, at the positions at which a stage is run: all tokens, or only those that are
 * read, as at the head and in most of the last block. Attention's products of activations are left out; at 64 tokens they
 * are below a tenth of the rest.
 *
 * @example
 * // one direction on all weights: two passes for each record of each step
 * countPasses(options, [{ steps: 100, directions: 1, expectedBatch: 64, tensors: all }]).forwardPasses; // 12800
 */
export function countPasses(options: PassesOptions, schedule: readonly CostedStage[]): Passes {
  const shares = stageShares(options);
  const { publicSize, modelStages } = options;
  let lossEvaluations = 0;
  let forwardPasses = 0;
  let keptTo: number | undefined;
  for (const stage of schedule) {
    const { steps, directions, estimator, expectedBatch } = stage;
    const records = steps * expectedBatch;
    const evaluations = records * (estimator === "one-sided" ? directions + 1 : 2 * directions);
    const first = firstTrained(modelStages, new Set(stage.tensors));
    const frozen = sum(shares.slice(0, first));
    lossEvaluations += evaluations;
    forwardPasses += evaluations * (1 - frozen);
    const isKept = first > 0 && records >= publicSize;
    if (!isKept) forwardPasses += records * frozen;
    else if (keptTo !== first) forwardPasses += publicSize * frozen;
    keptTo = isKept ? first : undefined;
  }
  return { lossEvaluations, forwardPasses };
}

/** The share of the model's multiplications in each stage. */
function stageShares(options: PassesOptions): readonly number[] {
  const { modelStages } = options;
  const costs = modelStages.map((stage, index) => stageCost(options, stage, modelStages.length - 1 - index));
  const total = sum(costs);
  return costs.map((cost) => cost / total);
}

/** Multiplications of one record in a stage, `above` stages below the head. */
function stageCost({ description, tokens, rows }: PassesOptions, stage: ModelStage, above: number): number {
  return sum(
    stage.weights.map((binding) => {
      const shape = description.tensors.get(binding.tensor) ?? [];
      if (shape.length !== 2 || isTable(binding)) return 0;
      const [height = 0, width = 0] = shape;
      const positions = above === 0 || (above === 1 && !everywhere(binding)) ? rows : tokens;
      return (binding.rows?.length ?? height) * width * positions;
    }),
  );
}

/** Tables are looked up, not multiplied with. */
function isTable({ input }: WeightBinding): boolean {
  return ["word", "position", "type"].includes(input);
}

/** Keys and values are needed of every position, also where few are read. */
function everywhere({ input }: WeightBinding): boolean {
  return /^(?:key|value|joint)_/u.test(input);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
