/**
 * Settings at which one method becomes another, and properties the mathematics promises; see methods.md 1.2,
 * 1.4 and 1.6. Everything runs on the tiny model with real forward passes.
 */
import { beforeAll, expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine, type DirectionStream } from "../src/directions/index.js";
import { type MaskSpec, maskSize } from "../src/masks/index.js";
import { Measurer, type MeasureOptions } from "../src/measure/measure.js";
import { createNonPrivateMechanism } from "../src/mechanism/index.js";
import { selectTensors } from "../src/model/selection.js";
import type { TrainConfigInput } from "../src/plan/config.js";
import { latticeSensitivity, type Plan, type PlanStage } from "../src/plan/plan.js";
import { applyStep, initialState, replay, stepStreams, type Weights } from "../src/replay/replay.js";
import { effectiveSmoothing, enterStage } from "../src/replay/stage-state.js";
import { nodeRuntime } from "../src/node/index.js";
import { gatherRows, StageRunner, weightSource } from "../src/runtime/stage-runner.js";
import { batchActivations } from "../src/model/token-batch.js";
import { labelLoss, type Example } from "../src/tasks/index.js";
import { prepareModel, type PreparedModel, readExamples } from "../src/train/prepare.js";
import { Perturber } from "../src/measure/trajectories.js";
import { tinyModel, tinyRecords, tinyTask } from "./support/tiny-model.js";
import { each, keystream, tinyRun, tinyRunWithoutPrivacy } from "./support/tiny-run.js";
import { testRuntime } from "./support/runtime.js";

const engine = createDirectionEngine();
const smallest: MaskSpec = {
  score: "small-magnitude",
  strategy: "static",
  granularity: "weight",
  ratio: 1,
  floor: 0,
  queries: 1,
};
let model: PreparedModel;
let examples: readonly Example[];

beforeAll(async () => {
  model = await prepareModel(await openCheckpoint(tinyModel()), testRuntime(), tinyTask);
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
    const { texts, label } = examples[member]!;
    const { prompt } = texts[0]!;
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
  const source = weightSource(model.description, model.weights);
  const perturber = new Perturber({ source, engine, trained: new Set(stage.tensors), smoothing: 0.01 });
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

test("an all-ones mask is the dense method bit for bit: releases, weights and all", async () => {
  const settings = { batch: 40, epsilon: 100, steps: 6, train: ["head", "last:1"], proximal: 0.3 };
  const run = (config: Partial<TrainConfigInput>) =>
    tinyRun({ config: { ...settings, ...config }, secret: keystream(3) });
  for (const distribution of ["gaussian", "sphere"] as const) {
    const dense = await run({ method: "dp-zoso", distribution });
    for (const maskStrategy of ["static", "dynamic", "grow"] as const) {
      const masked = await run({ method: "dp-zopo", distribution, maskRatio: [1], maskStrategy });
      expect(masked.result.verified.entries).toEqual(dense.result.verified.entries);
      const weights = masked.model.files.get("model.safetensors");
      expect(weights).toEqual(dense.model.files.get("model.safetensors"));
    }
  }
});

test("D1: a masked step moves exactly the weights that the mask keeps, of whatever is selected", () => {
  for (const train of ["head", "all"]) {
    const mask: MaskSpec = { ...smallest, ratio: 0.05 };
    const plan = planOf([stageOf({ train, mask })], { method: "dp-zopo", format: "dpzo-plan/2" });
    const state = initialState(freshWeights(), model.description);
    applyStep(state, plan, entries([0])[0]!, engine);
    const kept = state.masks.get(0)!;
    expect(maskSize(kept)).toBe(
      Math.round(0.05 * plan.stages[0]!.tensors.reduce((n, t) => n + state.weights.get(t)!.length, 0)),
    );
    for (const [name, values] of freshWeights()) {
      const now = state.weights.get(name)!;
      const changed = [...values.keys()].filter((i) => now[i] !== values[i]);
      expect(changed, name).toEqual([...(kept.get(name)?.indices ?? [])]);
    }
  }
});

test("a masked direction measures and moves the same weights: differences agree with losses computed by hand", async () => {
  const mask: MaskSpec = { ...smallest, ratio: 0.3, rankWeights: { high: 1.2, low: 0.8 } };
  for (const train of ["head", "all"]) {
    const plan = planOf([stageOf({ train, mask })], { method: "dp-zopo", format: "dpzo-plan/2" });
    const state = initialState(freshWeights(), model.description);
    const stage = enterStage(state, plan, 0, engine);
    const kept = state.masks.get(0)!;
    const streams = stepStreams(plan, stage, 1, state.weights, engine, kept);
    const moved = (sign: number): Weights =>
      new Map(
        [...freshWeights()].map(([name, values]) => {
          const { indices, factors } = kept.get(name) ?? { indices: new Uint32Array() };
          const z = new Float32Array(indices.length);
          if (stage.tensors.includes(name)) engine.fill(streams(name)[1]!, z);
          indices.forEach((index, j) => {
            values[index]! += sign * Math.fround(Math.fround(0.01) * Math.fround(factors![j]! * z[j]!));
          });
          return [name, values];
        }),
      );
    const batch = [0, 3, 4, 9];
    const [plus, minus] = [await losses(moved(1), batch), await losses(moved(-1), batch)];
    const measure = await measurer({ weights: state.weights, tensors: stage.tensors, mask: kept });
    const rows = await measure.differences(batch, streams, 2);
    const expected = plus.map((loss, i) => (loss - minus[i]!) / 0.02).sort((a, b) => a - b);
    const found = rows.map((row) => row[1]!).sort((a, b) => a - b);
    found.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-3 * (1 + Math.abs(expected[i]!)));
    });
  }
});

test("copies that masked stages share give what copies of their own give, bit for bit", () => {
  const mask: MaskSpec = { ...smallest, ratio: 0.3 };
  const plan = planOf([stageOf({ train: "all", mask })], { method: "dp-zopo", format: "dpzo-plan/2" });
  const state = initialState(freshWeights(), model.description);
  const stage = enterStage(state, plan, 0, engine);
  const kept = state.masks.get(0)!;
  const streams = stepStreams(plan, stage, 1, state.weights, engine, kept);
  const source = weightSource(model.description, state.weights);
  const context = { source, engine, trained: new Set(stage.tensors), mask: kept };
  const [own, shared] = [undefined, 0].map(
    (copyLimit) => new Perturber({ ...context, smoothing: 0.01, copyLimit }),
  );
  // Twice over all stages, so that what is shared is taken from one block by the next and given back.
  for (let k = 0; k < 2; k += 1) {
    const stream = (tensor: string): DirectionStream => streams(tensor)[k]!;
    for (const modelStage of model.modelStages) {
      const [a, b] = [own!, shared!].map((perturber) => perturber.perturb(modelStage, stream));
      for (const binding of modelStage.weights) {
        for (const side of ["plus", "minus"] as const) {
          expect(bits(b![side](binding).data)).toBe(bits(a![side](binding).data));
        }
      }
    }
  }
});

test("one-sided differences are [l(theta + phi z) - l(theta)] / phi, in K + 1 evaluations, and near the two-sided ones", async () => {
  const stage = stageOf();
  const plan = planOf([stage]);
  const streams = stepStreams(plan, stage, 1, model.weights, engine);
  const batch = [0, 3, 4, 9];
  // In this thread, where the walks can be counted.
  const real = new StageRunner(nodeRuntime({ threads: 1 }));
  let walks = 0;
  const counting = Object.assign(Object.create(real) as typeof real, {
    run: (...args: Parameters<typeof real.run>) => {
      if (args[0].name === "head") walks += 1;
      return real.run(...args);
    },
  });
  const one = await measurer({
    runner: counting,
    estimator: "one-sided",
    smoothing: 1e-3,
    expectedVisits: 100,
  });
  const two = await measurer({ runner: counting, smoothing: 1e-3, expectedVisits: 100 });
  walks = 0;
  const oneSided = await one.differences(batch, streams, 2);
  expect(walks).toBe(3);
  walks = 0;
  const twoSided = await two.differences(batch, streams, 2);
  expect(walks).toBe(4);
  const byRow = (rows: readonly Float64Array[]) => rows.map((row) => [...row]).sort((a, b) => a[0]! - b[0]!);
  const [a, b] = [byRow(oneSided), byRow(twoSided)];
  a.forEach((row, i) => {
    row.forEach((value, k) => {
      expect(Math.abs(value - b[i]![k]!)).toBeLessThan(0.1 * (1 + Math.abs(b[i]![k]!)));
    });
  });
  expect(a).not.toEqual(b);
});

test("no clip and no noise is MeZO: theta - alpha (1 / B) sum over the batch of D_z(x) z, from forward passes by hand", async () => {
  const config = { batch: 40, steps: 1, learningRate: 0.01 };
  const { result, model: written } = await tinyRunWithoutPrivacy({ config, records: tinyRecords(40) });
  const { plan } = result.verified;
  const stage = plan.stages[0]!;
  const everyone = await readExamples(model.task, each(tinyRecords(40)));
  const weights = freshWeights();
  const streams = stepStreams(plan, stage, 1, weights, engine);
  const measure = await measurer({ weights, tensors: stage.tensors, examples: everyone });
  const rows = await measure.differences([...everyone.keys()], streams, 1);
  const mean = rows.reduce((sum, row) => sum + row[0]!, 0) / 40;
  const after = await openCheckpoint(written);
  for (const name of stage.tensors) {
    const z = new Float32Array(weights.get(name)!.length);
    engine.fill(streams(name)[0]!, z);
    const now = await after.read(name);
    weights.get(name)!.forEach((theta, i) => {
      expect(Math.abs(now[i]! - (theta - 0.01 * mean * z[i]!))).toBeLessThan(1e-5);
    });
  }
});

test("a clip that never bites and no noise is MeZO's step, and a clip each is the vector's where K = 1", async () => {
  const stage = stageOf({ directions: 1 });
  const streams = stepStreams(planOf([stage]), stage, 1, model.weights, engine);
  const rows = await (await measurer()).differences([...examples.keys()], streams, 1);
  const spec = { directions: 1, clipThreshold: 1e6, latticeSensitivity: 2 ** 24, clips: true };
  const clipped = createNonPrivateMechanism(spec).release(rows).values[0]!;
  const free = createNonPrivateMechanism({ ...spec, clips: false }).release(rows).values[0]!;
  // They round differently, toward zero and to nearest: by less than a unit a record.
  expect(Math.abs(clipped - free)).toBeLessThanOrEqual(rows.length);
  const tight = { ...spec, clipThreshold: 0.5 };
  const each = createNonPrivateMechanism({ ...tight, clip: "per-scalar" }).release(rows).values;
  expect(each).toEqual(createNonPrivateMechanism(tight).release(rows).values);
});

test("phi is r over the root of the weights that move, so that a perturbation is as long whatever the mask keeps", () => {
  const lengths = [1, 0.1, 0.01].map((ratio) => {
    const stage = stageOf({
      train: "all",
      smoothing: 0.5,
      smoothingUnit: "displacement",
      mask: { ...smallest, ratio },
    });
    const plan = planOf([stage], { method: "dp-zopo", format: "dpzo-plan/2" });
    const state = initialState(freshWeights(), model.description);
    enterStage(state, plan, 0, engine);
    const mask = state.masks.get(0)!;
    const phi = effectiveSmoothing(state, stage, mask);
    expect(phi).toBeCloseTo(0.5 / Math.sqrt(maskSize(mask)), 15);
    const streams = stepStreams(plan, stage, 1, state.weights, engine, mask);
    let squares = 0;
    for (const [name, { indices }] of mask) squares += engine.squaredNorm(streams(name)[0]!, indices.length);
    return phi * Math.sqrt(squares);
  });
  for (const length of lengths) expect(Math.abs(length / 0.5 - 1)).toBeLessThan(0.2);
  const dense = stageOf({ smoothing: 0.5, smoothingUnit: "displacement" });
  const moved = dense.tensors.reduce((sum, name) => sum + model.weights.get(name)!.length, 0);
  expect(effectiveSmoothing(initialState(freshWeights()), dense, undefined)).toBe(0.5 / Math.sqrt(moved));
});
