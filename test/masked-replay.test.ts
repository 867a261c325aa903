/** Masks are made anew from base and ledger: replay needs no mask file, and gives the bytes that training wrote. */
import { expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { memoryFolder } from "../src/files.js";
import type { TrainConfigInput } from "../src/plan/config.js";
import { maskSummaries } from "../src/replay/mask-summary.js";
import { replayModel } from "../src/replay/replay-model.js";
import { initialState, replay, type Weights } from "../src/replay/replay.js";
import { describeModel } from "../src/model/registry.js";
import { verifyLedger } from "../src/verify/verify.js";
import { tinyModel } from "./support/tiny-model.js";
import { keystream, tinyRun, type TinyRun } from "./support/tiny-run.js";

const settings: Partial<TrainConfigInput> = {
  method: "dp-zopo",
  batch: 40,
  epsilon: 100,
  steps: 8,
  stages: 3,
  directions: 4,
  train: ["last:1"],
  // Large steps, so that what is small at a stage's start is not what was small before.
  learningRate: 0.5,
  maskRatio: [0.05, 0.1, 0.2],
};

const masked = (
  config: Partial<TrainConfigInput>,
  more: Parameters<typeof tinyRun>[0] = {},
): Promise<TinyRun> => tinyRun({ config: { ...settings, ...config }, secret: keystream(8), ...more });

async function replayed(ledger: Uint8Array): Promise<Uint8Array> {
  const out = memoryFolder("replayed");
  await replayModel(await openCheckpoint(tinyModel()), ledger, out);
  return out.files.get("model.safetensors")!;
}

test("a dynamic-mask run with K = 16 replays bit for bit from base and ledger alone", async () => {
  const run = await masked({ maskStrategy: "dynamic", directions: 16, maskRankWeights: true });
  expect(await replayed(run.ledger)).toEqual(run.model.files.get("model.safetensors"));
  expect(await replayed(run.ledger)).not.toEqual(tinyModel().files.get("model.safetensors"));
  // No mask is in the ledger: its lines are those of a dense run.
  expect(new TextDecoder().decode(run.ledger)).not.toContain("indices");
  expect(run.result.masks.map(({ stage }) => stage)).toEqual([0, 1, 2]);
});

for (const maskStrategy of ["static", "dynamic", "grow", "rotate"] as const) {
  for (const maskScore of ["small-magnitude", "random", "synflow"] as const) {
    test(`replay makes the masks of the run, and its weights, bit for bit, in both engines: ${maskStrategy} ${maskScore}`, async () => {
      const run = await masked({ maskStrategy, maskScore, maskGranularity: "row", proximal: 0.2 });
      expect(await replayed(run.ledger)).toEqual(run.model.files.get("model.safetensors"));
      const { plan, entries } = verifyLedger(run.ledger);
      const base = await openCheckpoint(tinyModel());
      const description = describeModel(base.config);
      const weights: Weights = new Map();
      for (const name of description.tensors.keys()) weights.set(name, await base.read(name));
      const state = initialState(weights, description);
      replay(state, plan, entries, createDirectionEngine({ prefer: "javascript" }));
      expect(maskSummaries(state)).toEqual(run.result.masks);
      const written = await openCheckpoint(run.model);
      for (const [name, values] of weights) expect(await written.read(name)).toEqual(values);
    });
  }
}

test("a run that is stopped and killed within a stage goes on with the masks it had", async () => {
  for (const maskStrategy of ["dynamic", "grow", "rotate"] as const) {
    const config = { maskStrategy, seed: 5 };
    const whole = await masked(config);
    for (const steps of [1, 2, 5]) {
      const lines = new TextDecoder().decode(whole.ledger).split("\n");
      const cut = new TextEncoder().encode(`${lines.slice(0, 1 + steps).join("\n")}\n`);
      // The rest of the run draws other noise, so only the masks of stages begun before the cut are the same.
      const rest = await masked(config, { ledger: cut, secret: keystream(9) });
      const begun = whole.result.verified.entries[steps - 1]!.stage + 1;
      expect(rest.result.masks.slice(0, begun)).toEqual(whole.result.masks.slice(0, begun));
      expect(await replayed(rest.ledger)).toEqual(rest.model.files.get("model.safetensors"));
    }
  }
});

test("D14: the strategies are what they say, on a run: static keeps to the base, dynamic follows the weights", async () => {
  const digests = async (maskStrategy: "static" | "dynamic"): Promise<string[]> => {
    const run = await masked({ maskStrategy, maskRatio: [0.1] });
    return run.result.masks.map(({ digest }) => digest);
  };
  expect(new Set(await digests("static")).size).toBe(1);
  expect(new Set(await digests("dynamic")).size).toBe(3);
});

test("shrinkage, one-sided differences, a clip each and stages of their own replay bit for bit", async () => {
  for (const change of [
    { shrinkage: "james-stein" },
    { shrinkage: "sage", stages: 1, maskRatio: [0.1], steps: 30 },
    { estimator: "one-sided", smoothingUnit: "displacement", smoothing: 0.1 },
    { clipMode: "per-scalar", stageBatch: [10, 20, 40], stageDirections: [1, 3, 5] },
  ] satisfies Partial<TrainConfigInput>[]) {
    const run = await masked({ epsilon: 1e4, ...change });
    expect(await replayed(run.ledger)).toEqual(run.model.files.get("model.safetensors"));
  }
});

test("shrinkage changes the weights and nothing that is released", async () => {
  const plain = await masked({ steps: 7 });
  const shrunk = await masked({ steps: 7, shrinkage: "james-stein" });
  const first = ({ result }: TinyRun): unknown => result.verified.entries[0];
  expect(first(shrunk)).toEqual(first(plain));
  expect(shrunk.result.verified.epsilon).toBe(plain.result.verified.epsilon);
  expect(shrunk.model.files.get("model.safetensors")).not.toEqual(plain.model.files.get("model.safetensors"));
});
