/**
 * Time of one DP-ZO step over two plain forward passes of the same batch, measured interleaved.
 *
 * A step here is all of it: sampling is fixed, but directions, two perturbed trajectories through every stage, clip,
 * noise and update are done. "Plain" is one ordinary ONNX model with its weights inside, run by the same runtime.
 *
 * Run: `npm run bench:step [-- records tokens rounds directions]`
 */
import * as ort from "onnxruntime-node";

import { createDirectionEngine } from "../../src/directions/index.js";
import { Measurer } from "../../src/measure/measure.js";
import { createMechanism } from "../../src/mechanism/index.js";
import { loadModel } from "../../src/model/load.js";
import { batchActivations } from "../../src/model/token-batch.js";
import { nodeRuntime, openNodeCheckpoint } from "../../src/node/index.js";
import type { Plan } from "../../src/plan/plan.js";
import { applyStep, initialState, stepStreams } from "../../src/replay/replay.js";
import { StageRunner, weightSource } from "../../src/runtime/stage-runner.js";
import { operatingSystemRandom } from "../../src/sampling/index.js";
import { labelWordJudgement } from "../../src/tasks/index.js";
import { monolith } from "./monolith.js";

const [records = 32, tokens = 64, rounds = 7, directions = 1] = process.argv.slice(2).map(Number);
const runtime = nodeRuntime();
const folder = new URL("../../models/minilm-mlm", import.meta.url).pathname;
const checkpoint = await openNodeCheckpoint(folder);
const { description, weights } = await loadModel(checkpoint);
await checkpoint.close();
const modelStages = description.stages({ kind: "label-words", wordIds: [2000, 3000] });
const examples = Array.from({ length: records }, (_, record) => ({
  texts: [
    {
      prompt: {
        inputIds: Int32Array.from(
          { length: tokens },
          (__, i) => 1000 + ((record * 7919 + i * 104729) % 20000),
        ),
        tokenTypeIds: new Int32Array(tokens),
        maskPosition: 3,
      },
    },
  ],
  label: record % 2,
}));

const blockTensors = [...description.tensors.keys()].filter((name) => name.includes(".layer."));
const tensors = [...blockTensors, ...description.headTensors];
const stage = {
  steps: 1000,
  learningRate: 1e-6,
  smoothing: 1e-3,
  directions,
  clipThreshold: 100,
  proximal: 0,
  train: "blocks",
  tensors,
};
const plan: Plan = {
  format: "dpzo-plan/1",
  method: "dp-zoso",
  base: { architecture: "bert", digest: "0".repeat(64) },
  task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: tokens },
  privacy: {
    unit: "record",
    neighbouring: "add-or-remove-one",
    publicSize: 10 * records,
    targetEpsilon: 8,
    delta: 1e-5,
    epsilon: 8,
  },
  sampling: { kind: "poisson", expectedBatch: records, numerator: 429496729, denominator: 2 ** 32 },
  mechanism: { kind: "discrete-gaussian", latticeSensitivity: 2 ** 20, standardDeviation: 2 ** 20 },
  directions: { distribution: "gaussian", runSeed: "0".repeat(64) },
  stages: [stage],
};

const engine = createDirectionEngine();
const runner = new StageRunner(runtime);
const state = initialState(weights);
const measurer = await Measurer.create({
  description,
  runner,
  engine,
  weights,
  modelStages,
  tensors,
  smoothing: stage.smoothing,
  task: labelWordJudgement([2000, 3000]),
  examples,
  maximumTokens: tokens,
  expectedVisits: 0,
});
const mechanism = createMechanism(
  { directions, clipThreshold: 100, latticeSensitivity: 2 ** 20, standardDeviation: 2 ** 20 },
  operatingSystemRandom,
);
// One pass at a time has the machine to itself: every core shares its products, and they spin, as is the runtime's default.
const plain = await ort.InferenceSession.create(monolith(modelStages, weightSource(description, weights)));
const activations = batchActivations(
  description,
  examples.flatMap(({ texts }) => texts.map(({ prompt }) => prompt)),
  tokens,
);
const feeds = Object.fromEntries(
  plain.inputNames.map((name) => {
    const { data, dims } = activations[name]!;
    const isFloat = data instanceof Float32Array;
    return [name, isFloat ? new ort.Tensor("float32", data, dims) : new ort.Tensor("int32", data, dims)];
  }),
);

let step = 0;
async function oneStep(): Promise<void> {
  step += 1;
  const streams = stepStreams(plan, stage, step, weights, engine);
  const differences = await measurer.differences(examples.keys(), streams, directions);
  const release = mechanism.release(differences);
  applyStep(state, plan, { step, stage: 0, values: release.values }, engine);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

await oneStep();
await plain.run(feeds);
const steps: number[] = [];
const passes: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  passes.push(await seconds(() => plain.run(feeds)));
  steps.push(await seconds(oneStep));
  passes.push(await seconds(() => plain.run(feeds)));
}
const ratios = steps.map((time, round) => time / directions / (passes[2 * round]! + passes[2 * round + 1]!));
console.log(
  JSON.stringify({
    records,
    tokens,
    rounds,
    weights: tensors.reduce((sum, name) => sum + weights.get(name)!.length, 0),
    stepSeconds: median(steps),
    plainForwardSeconds: median(passes),
    stepOverTwoPlainForwards: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
  }),
);
