import type { ModelDescription, ModelStage } from "../model/description.js";
import type { StageRunner } from "../runtime/stage-runner.js";
import type { Example, Judgement, Reading } from "../tasks/index.js";
import { openWalker } from "./open-walker.js";
import { FrozenPrefix, type PrefixProgress } from "./prefix.js";

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
  const { description, weights, runner, modelStages: stages, task, examples, maximumTokens } = options;
  const texts = examples.flatMap((example) => example.texts);
  const frozen = options.prefix?.frozen ?? 0;
  const setting = { tensors: description.tensors, weights, stages, frozen, reading: task.reading };
  const walker = openWalker(setting, runner);
  const prefix =
    options.prefix ?? FrozenPrefix.direct({ description, walker, stages, frozen, texts, maximumTokens });
  const readings = new Array<Reading>(texts.length).fill([]);
  let done = 0;
  try {
    for await (const wave of prefix.stream(texts.keys())) {
      const [[own = []] = []] = await walker.readings(wave, [{ sides: 1 }]);
      const members = wave.flatMap((batch) => batch.members);
      members.forEach((member, index) => {
        readings[member] = own[index] ?? [];
      });
      done += members.length;
      options.onProgress?.(Math.floor((examples.length * done) / texts.length), examples.length);
    }
  } finally {
    await walker.release();
  }
  let at = 0;
  return Int32Array.from(examples, (example) => {
    const own = readings.slice(at, at + example.texts.length);
    at += own.length;
    return task.choice(own);
  });
}
