import type { ModelDescription, ModelStage } from "../model/description.js";
import { type StageRunner, weightSource } from "../runtime/stage-runner.js";
import type { Example, Judgement, Reading } from "../tasks/index.js";
import { FrozenPrefix, type PrefixProgress } from "./prefix.js";
import { batchReadings } from "./readings.js";

/** What predictions are made with. */
export interface PredictOptions {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Stages of the task's objective. */
  readonly modelStages: readonly ModelStage[];
  readonly task: Pick<Judgement, "reading" | "choice">;
  readonly examples: readonly Example[];
  readonly maximumTokens: number;
  /** What the lowest stages answer for the examples' texts, where that is at hand; the others are run on it. */
  readonly prefix?: FrozenPrefix;
  readonly onProgress?: PrefixProgress;
}

/**
 * The index of the label or option that the model prefers for each example, the first of equals.
 *
 * Predictions on private records are private; this is for public evaluation files.
 */
export async function predict(options: PredictOptions): Promise<Int32Array> {
  const { description, weights, runner, modelStages, task, examples, maximumTokens } = options;
  const texts = examples.flatMap((example) => example.texts);
  const source = weightSource(description, weights);
  const context = { description, runner, weights: source, stages: modelStages, texts, maximumTokens };
  const prefix = options.prefix ?? FrozenPrefix.direct({ ...context, frozen: modelStages.length });
  const readings = new Array<Reading>(texts.length).fill([]);
  let done = 0;
  for await (const { members, activations: start } of prefix.stream(texts.keys())) {
    let activations = start;
    for (const stage of modelStages.slice(prefix.frozen)) {
      activations = await runner.run(stage, source, activations);
    }
    batchReadings(activations, members, texts, task.reading).forEach((reading, row) => {
      // A copy: what is read may be a view of the whole batch.
      readings[members[row] ?? -1] = Float64Array.from(reading);
    });
    done += members.length;
    options.onProgress?.(Math.floor((examples.length * done) / texts.length), examples.length);
  }
  let at = 0;
  return Int32Array.from(examples, (example) => {
    const own = readings.slice(at, at + example.texts.length);
    at += own.length;
    return task.choice(own);
  });
}
