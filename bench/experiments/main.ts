/**
 * Runs settings over seeds through the library's own plan, mechanism, ledger and update, with the frozen layers
 * evaluated once for all runs, and prints one JSON line a run. The tables of `docs/experiments/` come from it.
 *
 * Run: `npm run experiment -- TRAIN DEV TEST TEMPLATE LABEL_WORDS MAXIMUM_TOKENS SEEDS 'JSON settings' ...`
 * with files as JSON Lines of `text` and `label`; settings are those of `dpzo train`.
 */
import { fileRecords } from "../../src/cli/task-files.js";
import { createDirectionEngine } from "../../src/directions/index.js";
import { MemoryLedgerFile, openLedger } from "../../src/ledger/index.js";
import { Measurer } from "../../src/measure/measure.js";
import { openWalker } from "../../src/measure/open-walker.js";
import { predict } from "../../src/measure/predict.js";
import { FrozenPrefix } from "../../src/measure/prefix.js";
import { nodeRuntime, openNodeCheckpoint } from "../../src/node/index.js";
import { trainConfigSchema } from "../../src/plan/config.js";
import { makePlan } from "../../src/plan/make-plan.js";
import { noiseMultiplierOf, releaseSchedule } from "../../src/plan/noise.js";
import { initialState } from "../../src/replay/replay.js";
import { operatingSystemRandom } from "../../src/sampling/index.js";
import { classificationMetrics, type Example } from "../../src/tasks/index.js";
import { planTask, prepareModel, readExamples } from "../../src/train/prepare.js";
import { stageMeasure } from "../../src/train/stage-measure.js";
import { runSteps } from "../../src/train/steps.js";

const [trainFile, devFile, testFile, template, labelWords, tokens, seeds, ...settings] =
  process.argv.slice(2);
const columns = { text: "text", label: "label" };
const folder = new URL("../../models/minilm-mlm", import.meta.url).pathname;
const base = await openNodeCheckpoint(folder);
const task = { template: template!, labelWords: labelWords!, maximumTokens: Number(tokens) };
const model = await prepareModel(base, nodeRuntime(), task);
const baseDigest = await base.digest();
const original = new Map([...model.weights].map(([name, values]) => [name, values.slice()]));
const examples = await readExamples(model.task, fileRecords(trainFile!, columns));
const engine = createDirectionEngine();

/** Scores of the weights as they are, with the layers below the head evaluated once for all runs. */
async function scorer(file: string): Promise<() => Promise<{ accuracy: number; macroF1: number }>> {
  const records: readonly Example[] = await readExamples(model.task, fileRecords(file, columns));
  const { description, weights, modelStages: stages, maximumTokens } = model;
  const frozen = stages.length - 1;
  const setting = { tensors: description.tensors, weights, stages, frozen, reading: model.task.reading };
  const walker = openWalker(setting, model.runner);
  const texts = records.flatMap((record) => record.texts);
  const prefix = await FrozenPrefix.keeping({ description, walker, stages, frozen, texts, maximumTokens });
  await walker.release();
  return async () => {
    const predicted = await predict({ ...model, examples: records, prefix });
    const truth = records.map(({ label }) => label);
    const { accuracy, macroF1 } = classificationMetrics(predicted, truth, model.task.labels.length);
    return { accuracy, macroF1 };
  };
}

const scoreDev = await scorer(devFile!);
const scoreTest = await scorer(testFile!);
console.log(JSON.stringify({ zeroShot: { dev: await scoreDev(), test: await scoreTest() } }));

let previous: Measurer | undefined;
for (const text of settings) {
  for (let seed = 1; seed <= Number(seeds); seed += 1) {
    for (const [name, values] of original) model.weights.get(name)!.set(values);
    const given = JSON.parse(text) as Record<string, unknown>;
    const config = trainConfigSchema.parse({ epsilon: 4, delta: 1e-5, seed, ...given });
    const plan = makePlan({
      config,
      description: model.description,
      baseDigest,
      task: planTask(model),
      publicSize: examples.length,
      random: operatingSystemRandom,
    });
    const start = performance.now();
    const ledger = await openLedger(new MemoryLedgerFile(), plan, releaseSchedule(plan));
    const state = initialState(model.weights, model.description);
    await runSteps({
      plan,
      state,
      engine,
      ledger,
      records: examples.length,
      random: operatingSystemRandom,
      stopRequested: () => false,
      measurer: async (stage, before, mask) => {
        previous = await Measurer.create({
          ...model,
          ...stageMeasure({ plan, state, stage, mask, engine }),
          examples,
          expectedVisits: 10,
          previous: before ?? previous,
        });
        return previous;
      },
    });
    const seconds = Math.round((performance.now() - start) / 1000);
    const noise = noiseMultiplierOf(plan.mechanism);
    const scores = { dev: await scoreDev(), test: await scoreTest() };
    console.log(JSON.stringify({ ...given, seed, noise, epsilon: plan.privacy.epsilon, ...scores, seconds }));
  }
}
await base.close();
