import type { ModelDescription, ModelStage } from "../model/description.js";
import { type StageRunner, weightSource } from "../runtime/stage-runner.js";
import { type Example, indexOfLargest } from "../tasks/index.js";
import { FrozenPrefix, type PrefixProgress } from "./prefix.js";

/** What predictions are made with. */
export interface PredictOptions {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Stages of the label-word objective. */
  readonly modelStages: readonly ModelStage[];
  readonly examples: readonly Example[];
  readonly maximumTokens: number;
  readonly onProgress?: PrefixProgress;
}

/**
 * The label index the model gives each example: the label word with the largest logit, the first of equals.
 *
 * Predictions on private records are private; this is for public evaluation files.
 */
export async function predict(options: PredictOptions): Promise<Int32Array> {
  const { description, weights, runner, modelStages, examples, maximumTokens } = options;
  const predicted = new Int32Array(examples.length);
  const source = weightSource(description, weights);
  const prefix = FrozenPrefix.direct({
    description,
    runner,
    weights: source,
    stages: modelStages,
    frozen: modelStages.length,
    examples,
    maximumTokens,
  });
  let done = 0;
  for await (const { members, activations } of prefix.stream(examples.keys())) {
    const logits = activations["logits"];
    const words = logits?.dims[1] ?? 0;
    members.forEach((member, row) => {
      predicted[member] = indexOfLargest(rowOf(logits?.data, row, words));
    });
    done += members.length;
    options.onProgress?.(done, examples.length);
  }
  return predicted;
}

function rowOf(logits: Float32Array | Int32Array | undefined, row: number, words: number): Float32Array {
  return logits instanceof Float32Array
    ? logits.subarray(row * words, (row + 1) * words)
    : new Float32Array();
}
