/**
 * Settings at which one method becomes another, and properties the mathematics promises; see methods.md 1.2,
 * 1.4 and 1.6. Everything runs on the tiny model with real forward passes.
 */
import { beforeAll, expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine, type DirectionStream } from "../src/directions/index.js";
import { Measurer, type MeasureOptions } from "../src/measure/measure.js";
import { createNonPrivateMechanism } from "../src/mechanism/index.js";
import { selectTensors } from "../src/model/selection.js";
import { nodeRuntime } from "../src/node/index.js";
import { latticeSensitivity, type Plan, type PlanStage } from "../src/plan/plan.js";
import { applyStep, initialState, replay, stepStreams, type Weights } from "../src/replay/replay.js";
import { gatherRows, weightSource } from "../src/runtime/stage-runner.js";
import { batchActivations } from "../src/model/token-batch.js";
import { labelLoss, type Example } from "../src/tasks/index.js";
import { prepareModel, type PreparedModel, readExamples } from "../src/train/prepare.js";
import { Perturber } from "../src/measure/trajectories.js";
import { tinyModel, tinyRecords, tinyTask } from "./support/tiny-model.js";
import { each, tinyRun } from "./support/tiny-run.js";

const engine = createDirectionEngine();
let model: PreparedModel;
let examples: readonly Example[];

beforeAll(async () => {
  model = await prepareModel(await openCheckpoint(tinyModel()), nodeRuntime({ threads: 1 }), tinyTask);
  examples = await readExamples(model.task, each(tinyRecords(24)));
});

function freshWeights(): Weights {
  return new Map([...model.weights].map(([name, values]) => [name, values.slice()]));
}

function stageOf(change: Partial<PlanStage> = {}): PlanStage {
  const train = change.train ?? "head";
  return {
    steps: 4,
    learningRate: 0.1,
    smoothing: 0.01,
    directions: 2,
    clipThreshold: 8,
    proximal: 0,
    train,
    tensors: [...selectTensors(model.description, train)],
    ...change,
  };
}

/** A plan as far as steps and replay read it. */
function planOf(stages: PlanStage[], change: Partial<Plan> = {}): Plan {
  return {
    format: "dpzo-plan/1",
    method: "dp-zoso",
    base: { architecture: "bert", digest: "0".repeat(64) },
    task: {
      template: tinyTask.template,
      labels: ["0", "1"],
      labelWords: ["terrible", "great"],
      maximumTokens: 32,
    },
    privacy: {
      unit: "record",
      neighbouring: "add-or-remove-one",
      publicSize: 24,
      targetEpsilon: 1,
      delta: 1e-5,
      epsilon: 1,
    },
    sampling: { kind: "poisson", expectedBatch: 8, numerator: 2 ** 30, denominator: 2 ** 32 },
    mechanism: { kind: "discrete-gaussian", latticeSensitivity, standardDeviation: 1 },
    directions: { distribution: "gaussian", runSeed: "5a".repeat(32) },
    stages,
    ...change,
  };
}

/** Released integers that a test may choose: what the update is for given values. */
const entries = (stages: readonly number[], directions = 2) =>
  stages.map((stage, index) => ({
    step: index + 1,
    stage,
    values: Array.from({ length: directions }, (_, k) => (index + 1) * 3_000_000 * (k % 2 === 0 ? 1 : -1)),
  }));

async function measurer(change: Partial<MeasureOptions> = {}): Promise<Measurer> {
  return Measurer.create({
    ...model,
    engine,
    tensors: stageOf().tensors,
    smoothing: 0.01,
    examples,
    expectedVisits: 0,
    ...change,
  });
}

/** Bits, so that 0 and -0, or two values of NaN, are told apart. */
const bits = (values: Float32Array): string => Buffer.from(values.slice().buffer).toString("hex");
const bits64 = (rows: readonly Float64Array[]): string[] =>
  rows.map((row) => Buffer.from(row.slice().buffer).toString("hex"));
const allBits = (weights: ReadonlyMap<string, Float32Array>): [string, string][] =>
  [...weights].map(([name, values]) => [name, bits(values)]);

function replayed(plan: Plan, list: ReturnType<typeof entries>): Weights {
  const state = initialState(freshWeights());
  replay(state, plan, list, engine);
  return state.weights;
}

test("one stage is the plain method: two stages with equal settings and no pull give the same weights", () => {
  const one = planOf([stageOf({ steps: 4 })]);
  const two = planOf([stageOf({ steps: 2 }), stageOf({ steps: 2 })]);
  expect(allBits(replayed(two, entries([0, 0, 1, 1])))).toEqual(
    allBits(replayed(one, entries([0, 0, 0, 0]))),
  );
});

test("lambda 0 equals no proximal step bit for bit, and lambda above 0 does not", () => {
  const list = entries([0, 0, 0]);
  const none = replayed(planOf([stageOf({ proximal: 0 })]), list);
  const plain = freshWeights();
  const stage = stageOf();
  for (const { step, values } of list) {
    const streams = stepStreams(planOf([stage]), stage, step, plain, engine);
    const coefficients = Float32Array.from(values, (v) => (v * (8 / latticeSensitivity)) / (8 * 2));
    for (const name of stage.tensors) {
      engine.update(plain.get(name)!, undefined, streams(name), coefficients, stage.learningRate, 0);
    }
  }
  expect(allBits(none)).toEqual(allBits(plain));
  expect(allBits(replayed(planOf([stageOf({ proximal: 0.5 })]), list))).not.toEqual(allBits(none));
});

test("the proximal step is (theta + a l theta_stage - a g) / (1 + a l), theta_stage the stage's start", () => {
  const stage = stageOf({ proximal: 2, learningRate: 0.25 });
  const plan = planOf([stage]);
  const state = initialState(freshWeights());
  const start = freshWeights();
  for (const entry of entries([0, 0])) {
    const before = new Map([...state.weights].map(([name, values]) => [name, values.slice()]));
    applyStep(state, plan, entry, engine);
    const streams = stepStreams(plan, stage, entry.step, start, engine);
    for (const name of stage.tensors) {
      const z = streams(name).map((stream) => {
        const out = new Float32Array(start.get(name)!.length);
        engine.fill(stream, out);
        return out;
      });
      before.get(name)!.forEach((theta, i) => {
        const g = entry.values.reduce(
          (sum, value, k) => sum + ((value * 8) / latticeSensitivity / (8 * 2)) * z[k]![i]!,
          0,
        );
        const expected = (theta + 0.25 * 2 * start.get(name)![i]! - 0.25 * g) / (1 + 0.25 * 2);
        expect(Math.abs(state.weights.get(name)![i]! - expected)).toBeLessThan(1e-5 * (1 + Math.abs(g)));
      });
    }
  }
});

test("K = 1 is a DPZero step: theta - alpha * (clipped sum / B) * z, computed by hand from forward passes", async () => {
  const stage = stageOf({ directions: 1, clipThreshold: 2 });
  const plan = planOf([stage]);
  const weights = freshWeights();
  const streams = stepStreams(plan, stage, 1, weights, engine);
  const z = new Map(
    stage.tensors.map((name) => {
      const out = new Float32Array(weights.get(name)!.length);
      engine.fill(streams(name)[0]!, out);
      return [name, out];
    }),
  );
  const moved = (sign: number): Weights =>
    new Map(
      [...weights].map(([name, values]) => [
        name,
        values.map((w, i) => w + sign * Math.fround(Math.fround(0.01) * (z.get(name)?.[i] ?? 0))),
      ]),
    );
  const batch = [0, 3, 4, 9];
  const [plus, minus] = [await losses(moved(1), batch), await losses(moved(-1), batch)];
  const clipped = plus.map((loss, i) => Math.max(-2, Math.min(2, (loss - minus[i]!) / 0.02)));
  // The clip must bite for some and not for all, else this test would not see it.
  expect(clipped.some((d) => Math.abs(d) === 2)).toBe(true);
  expect(clipped.some((d) => Math.abs(d) < 2)).toBe(true);

  const differences = await (await measurer({ weights })).differences(batch, streams, 1);
  const spec = { directions: 1, clipThreshold: 2, latticeSensitivity, clips: true };
  const { values } = createNonPrivateMechanism(spec).release(differences);
  const sum = clipped.reduce((a, b) => a + b, 0);
  expect(Math.abs(values[0]! * (2 / latticeSensitivity) - sum)).toBeLessThan(1e-3);

  const state = initialState(freshWeights());
  applyStep(state, plan, { step: 1, stage: 0, values }, engine);
  for (const [name, direction] of z) {
    weights.get(name)!.forEach((theta, i) => {
      const expected = theta - 0.1 * (sum / 8) * direction[i]!;
      expect(Math.abs(state.weights.get(name)![i]! - expected)).toBeLessThan(1e-4);
    });
  }
});

/** Losses of records by plain forward passes, one record a batch (twice, as a lone row rounds differently). */
async function losses(weights: Weights, batch: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (const member of batch) {
    const { prompt, label } = examples[member]!;
    let activations = batchActivations(model.description, [prompt, prompt], 32);
    const source = weightSource(model.description, weights);
    for (const stage of model.modelStages) activations = await model.runner.run(stage, source, activations);
    found.push(labelLoss(activations["logits"]!.data.slice(0, 2), label));
  }
  return found;
}

test("what is trained may differ by stage, and exactly the named tensors change in each", () => {
  const stages = [stageOf({ train: "head", steps: 1 }), stageOf({ train: "last:1", steps: 1 })];
  const plan = planOf(stages);
  const state = initialState(freshWeights());
  entries([0, 1]).forEach((entry, index) => {
    const before = new Map(allBits(state.weights));
    applyStep(state, plan, entry, engine);
    const changed = allBits(state.weights).flatMap(([name, now]) => (before.get(name) === now ? [] : [name]));
    expect(changed).toEqual(stages[index]!.tensors);
  });
  expect(stages[1]!.tensors.length).toBeGreaterThan(stages[0]!.tensors.length);
});

test("tensors outside what is trained keep their bytes in the written checkpoint; those inside change", async () => {
  const base = tinyModel();
  const { model: written } = await tinyRun({ base, config: { train: ["head", "last:1"], steps: 3 } });
  const [before, after] = [await openCheckpoint(base), await openCheckpoint(written)];
  const trained = new Set(selectTensors(model.description, "last:1"));
  for (const name of before.tensors.keys()) {
    const same = bits(await before.read(name)) === bits(await after.read(name));
    expect(same, name).toBe(!trained.has(name));
  }
  expect(written.files.get("tokenizer.json")).toEqual(base.files.get("tokenizer.json"));
});

for (const train of ["head", "last:1"]) {
  test(`frozen stages kept once a record give the same differences as evaluated anew, bit for bit: ${train}`, async () => {
    const stage = stageOf({ train });
    const streams = stepStreams(planOf([stage]), stage, 3, model.weights, engine);
    const batch = [1, 2, 5, 8, 13, 21];
    const kept = await measurer({ tensors: stage.tensors, expectedVisits: 100 });
    const direct = await measurer({ tensors: stage.tensors, expectedVisits: 0 });
    const rows = await kept.differences(batch, streams, 2);
    expect(rows.every((row) => row.some((value) => value !== 0))).toBe(true);
    const byBits = (list: readonly Float64Array[]) => bits64(list).sort();
    expect(byBits(rows)).toEqual(byBits(await direct.differences(batch, streams, 2)));
  });
}

for (const train of ["head", "all"]) {
  test(`a record's differences do not depend on the rest of its batch, bit for bit: ${train}`, async () => {
    const stage = stageOf({ train });
    const streams = stepStreams(planOf([stage]), stage, 2, model.weights, engine);
    const measure = await measurer({ tensors: stage.tensors });
    const alone = new Map<number, string>();
    for (const member of examples.keys()) {
      const rows = await measure.differences([member], streams, 2);
      alone.set(member, bits64(rows)[0]!);
    }
    for (const batch of [[...examples.keys()], [0, 1], [3, 7, 11, 19], [22, 23, 5]]) {
      const rows = bits64(await measure.differences(batch, streams, 2));
      expect(rows.slice().sort()).toEqual(batch.map((member) => alone.get(member)!).sort());
    }
  });
}

test("a tied embedding trained with `all` is perturbed by one direction, whole and by the head's rows", () => {
  const stage = stageOf({ train: "all" });
  const streams = stepStreams(planOf([stage]), stage, 1, model.weights, engine);
  const perturber = new Perturber({ ...model, engine, trained: new Set(stage.tensors), smoothing: 0.01 });
  const word = "bert.embeddings.word_embeddings.weight";
  const stream = (tensor: string): DirectionStream => streams(tensor)[0]!;
  const find = (name: string) => model.modelStages.find((candidate) => candidate.name === name)!;
  const binding = (name: string) => find(name).weights.find(({ tensor }) => tensor === word)!;
  for (const side of ["plus", "minus"] as const) {
    const whole = perturber.perturb(find("embeddings"), stream)[side](binding("embeddings")).data.slice();
    const rows = binding("head").rows!;
    expect(rows.length).toBe(2);
    const head = perturber.perturb(find("head"), stream)[side](binding("head")).data.slice();
    const shape = model.description.tensors.get(word)!;
    expect(bits(head)).toBe(bits(gatherRows(whole, shape, rows).data));
    expect(bits(head)).not.toBe(bits(gatherRows(model.weights.get(word)!, shape, rows).data));
  }
});

test("the update goes downhill: without noise, steps lower the mean loss, and with the sign turned raise it", async () => {
  const { before, after: downhill } = await noiseless(1);
  // Below that of a model that knows nothing, not only below where it began.
  expect(downhill).toBeLessThan(Math.min(before, Math.LN2) - 0.02);
  expect((await noiseless(-1)).after).toBeGreaterThan(before);
});

/** Mean loss before and after 80 steps without noise on all records, the released values times `sign`. */
async function noiseless(sign: 1 | -1): Promise<{ before: number; after: number }> {
  const stage = stageOf({ directions: 8, learningRate: 0.2, clipThreshold: 20, steps: 80 });
  const everyRecord = {
    kind: "poisson",
    expectedBatch: 24,
    numerator: 2 ** 32,
    denominator: 2 ** 32,
  } as const;
  const plan = planOf([stage], { sampling: everyRecord });
  const state = initialState(freshWeights());
  const everything = [...examples.keys()];
  const meanLoss = async (): Promise<number> =>
    (await losses(state.weights, everything)).reduce((a, b) => a + b, 0) / everything.length;
  const before = await meanLoss();
  const mechanism = createNonPrivateMechanism({
    directions: 8,
    clipThreshold: 20,
    latticeSensitivity,
    clips: true,
  });
  const measure = await measurer({ weights: state.weights, expectedVisits: 100 });
  for (let step = 1; step <= stage.steps; step += 1) {
    const streams = stepStreams(plan, stage, step, state.weights, engine);
    const { values } = mechanism.release(await measure.differences(everything, streams, 8));
    applyStep(state, plan, { step, stage: 0, values: values.map((value) => sign * value) }, engine);
  }
  return { before, after: await meanLoss() };
}
