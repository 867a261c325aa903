/** Adapters start from the plan's run seed, so that replay needs base and ledger alone, and writes every byte again. */
import { expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { memoryFolder } from "../src/files.js";
import { maskSummaries } from "../src/replay/mask-summary.js";
import { startingValues } from "../src/adapter/index.js";
import type { TrainConfigInput } from "../src/plan/config.js";
import { planDescription } from "../src/replay/model-folder.js";
import { replayLedger, replayModel } from "../src/replay/replay-model.js";
import { initialState, replay, type Weights } from "../src/replay/replay.js";
import { verifyLedger } from "../src/verify/verify.js";
import { tinyModel, tinyRecords } from "./support/tiny-model.js";
import { keystream, tinyRun, tinyRunWithoutPrivacy, type TinyRun } from "./support/tiny-run.js";

const settings: Partial<TrainConfigInput> = {
  adapter: "lora",
  loraRank: 3,
  epsilon: 100,
  batch: 40,
  steps: 8,
  learningRate: 0.5,
};

const lora = (
  config: Partial<TrainConfigInput>,
  more: Parameters<typeof tinyRun>[0] = {},
): Promise<TinyRun> => tinyRun({ config: { ...settings, ...config }, secret: keystream(8), ...more });

async function replayed(ledger: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const out = memoryFolder("replayed");
  await replayModel(await openCheckpoint(tinyModel()), ledger, out);
  return out.files;
}

const zopo: Partial<TrainConfigInput> = {
  method: "dp-zopo",
  stages: 3,
  directions: 16,
  maskStrategy: "dynamic",
  maskRatio: [0.05, 0.1, 0.2],
  maskRankWeights: true,
  proximal: 0.2,
};

test("a DP-ZOPO run with a dynamic mask, K = 16 and LoRA replays every byte of its folder from base and ledger alone", async () => {
  const run = await lora(zopo);
  const files = await replayed(run.ledger);
  expect([...files.keys()].sort()).toEqual([...run.model.files.keys()].sort());
  expect(files.has("adapter/adapter_model.safetensors")).toBe(true);
  for (const [name, bytes] of run.model.files) expect(files.get(name), name).toEqual(bytes);
  expect(files.get("model.safetensors")).not.toEqual(tinyModel().files.get("model.safetensors"));
  // Neither masks nor first values of adapters are in the ledger.
  const text = new TextDecoder().decode(run.ledger);
  expect(text).not.toContain("indices");
  expect(text.length).toBeLessThan(8000);
  expect(run.result.masks.map(({ stage }) => stage)).toEqual([0, 1, 2]);
  expect(run.result.verified.plan.adapter).toEqual({
    kind: "lora",
    rank: 3,
    alpha: 16,
    modules: ["query", "value"],
    blocks: 2,
  });
});

test("both direction engines make the same adapters and masks", async () => {
  const run = await lora(zopo);
  const { plan, entries } = verifyLedger(run.ledger);
  const base = await openCheckpoint(tinyModel());
  const description = planDescription(base, plan);
  const engine = createDirectionEngine({ prefer: "javascript" });
  const weights: Weights = new Map(startingValues(description, plan.directions.runSeed, engine));
  const state = initialState(weights, description);
  replay(state, plan, entries, engine);
  expect(maskSummaries(state)).toEqual(run.result.masks);
  const written = await openCheckpoint(adapterFolder(run));
  for (const [name, values] of weights) {
    expect(await written.read(`base_model.model.${name}`), name).toEqual(values);
  }
});

/** The adapter's file in the place of a checkpoint's. */
function adapterFolder({ model }: TinyRun) {
  return memoryFolder("adapter", {
    "config.json": model.files.get("config.json")!,
    "model.safetensors": model.files.get("adapter/adapter_model.safetensors")!,
  });
}

for (const [name, config] of Object.entries({
  "dense, with the head": { train: ["adapter,head"], directions: 4 },
  "on the last block, then on all": { train: ["adapter:last:1", "adapter"], stages: 2 },
  "norms beside it, displacement units, one-sided": {
    train: ["adapter,norms"],
    smoothingUnit: "displacement",
    smoothing: 0.1,
    estimator: "one-sided",
    proximal: 0.3,
  },
  "every score": { method: "dp-zopo", maskScore: "random", maskStrategy: "rotate", maskGranularity: "row" },
  "large magnitude, growing": { method: "dp-zopo", maskScore: "large-magnitude", maskStrategy: "grow" },
  "on every linear layer, by patterns": {
    loraModules: "query,key,value,attended,up,down",
    train: ["*.lora_B.weight"],
  },
} satisfies Record<string, Partial<TrainConfigInput>>)) {
  test(`replay gives the folder of a run again: ${name}`, async () => {
    const run = await lora(config, { evaluation: tinyRecords(20, 3) });
    expect(run.result.final).toBeDefined();
    expect(await replayed(run.ledger)).toEqual(new Map(run.model.files));
  });
}

test("mezo trains adapters too, and its folder replays", async () => {
  const run = await tinyRunWithoutPrivacy({ config: { adapter: "lora", steps: 3 } });
  const out = memoryFolder("replayed");
  await replayLedger(await openCheckpoint(tinyModel()), run.ledger, out);
  expect(out.files).toEqual(run.model.files);
});

test("a run that is stopped goes on with its adapters as the ledger left them", async () => {
  const whole = await lora({ seed: 5 });
  const lines = new TextDecoder().decode(whole.ledger).split("\n");
  const cut = new TextEncoder().encode(`${lines.slice(0, 4).join("\n")}\n`);
  const rest = await lora({ seed: 5 }, { ledger: cut, secret: keystream(9) });
  expect(rest.result.finished).toBe(true);
  expect(await replayed(rest.ledger)).toEqual(new Map(rest.model.files));
  await expect(lora({ seed: 5, loraRank: 4 }, { ledger: cut })).rejects.toMatchObject({
    code: "plan-mismatch",
  });
});

test("two seeds start from other adapters, and one seed from the same whatever else the plan says", async () => {
  const base = await openCheckpoint(tinyModel());
  const { plan } = verifyLedger((await lora({ steps: 1, stages: 1 })).ledger);
  const engine = createDirectionEngine();
  const at = (seed: string) => startingValues(planDescription(base, plan), seed, engine);
  const [first, other] = [at("00".repeat(32)), at("01".repeat(32))];
  for (const [name, values] of first) {
    expect(values.length).toBe(3 * 16);
    if (name.includes("lora_B")) expect(values.every((value) => value === 0)).toBe(true);
    else {
      expect(values).not.toEqual(other.get(name));
      const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      expect(variance).toBeGreaterThan(0.4 / (3 * 16));
      expect(variance).toBeLessThan(2 / (3 * 16));
    }
  }
  expect(at("00".repeat(32))).toEqual(first);
});
