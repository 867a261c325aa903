import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { startingValues, writePeftFolder } from "../src/adapter/index.js";
import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { memoryFolder } from "../src/files.js";
import { withAdapter } from "../src/model/adapter.js";
import { loadModel } from "../src/model/load.js";
import { nodeFolderReader, nodeFolderWriter } from "../src/node/index.js";
import { parseGolden } from "../src/runtime/golden.js";
import { StageRunner } from "../src/runtime/stage-runner.js";
import { allLogits, largestDifference } from "./support/all-logits.js";
import { randomWeights } from "./support/random-weights.js";
import { hasShared, repositoryPath, sharedPath } from "./support/shared.js";
import { tinyModel, writeToDisk } from "./support/tiny-model.js";
import { tinyRun } from "./support/tiny-run.js";
import { testRuntime } from "./support/runtime.js";

const scratch = mkdtempSync(join(tmpdir(), "dpzo-peft-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});
const runner = new StageRunner(testRuntime());
const python = process.env["DPZO_PYTHON"] ?? "python3";
const hasPeft = spawnSync(python, ["-c", "import torch, transformers, peft"]).status === 0;

interface PeftAnswer {
  readonly logits: readonly number[];
  readonly merged: readonly number[] | null;
}

function withPeft(base: string, adapter: string, ids: readonly (readonly number[])[]): PeftAnswer {
  const inputs = { input_ids: ids, attention_mask: ids.map((row) => row.map(() => 1)) };
  const script = repositoryPath("tools/peft/check_peft.py");
  const answer = spawnSync(python, [script, base, adapter], {
    input: JSON.stringify(inputs),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  expect(answer.status, answer.stderr).toBe(0);
  return JSON.parse(answer.stdout) as PeftAnswer;
}

describe("adapter folders in PEFT give dpzo's logits to 1e-4, beside the weights and merged", () => {
  for (const name of ["bert", "roberta", "gpt2", "opt-pre-norm", "llama-gqa-tied", "qwen3-gqa"]) {
    test.skipIf(!hasPeft || !hasShared(`golden/models/${name}`))(
      `${name} (needs torch, transformers and peft in DPZO_PYTHON or python3, and ../shared/golden/models/${name})`,
      { timeout: 120_000 },
      async () => {
        const base = sharedPath(`golden/models/${name}`);
        const checkpoint = await openCheckpoint(nodeFolderReader(base));
        const { description: plain, weights } = await loadModel(checkpoint);
        await checkpoint.close();
        const blocks = plain.blocks.length - 1;
        const spec = { kind: "lora", rank: 3, alpha: 5, modules: plain.linearStems, blocks } as const;
        const description = withAdapter(plain, spec);
        const random = randomWeights(description, 9);
        const trained = [...plain.headTensors];
        for (const tensor of [...description.adapter!.tensors, ...trained]) {
          weights.set(
            tensor,
            random.get(tensor)!.map((value) => value / 2),
          );
        }
        const adapter = join(scratch, name);
        await writePeftFolder(nodeFolderWriter(adapter), {
          description,
          baseName: name,
          trained,
          valuesOf: (tensor) => Promise.resolve(weights.get(tensor)!),
        });
        const golden = parseGolden(readFileSync(`${base}/golden.json`, "utf8"));
        // RoBERTa counts positions without padding tokens, wherever they stand.
        const ids = golden.input_ids.map((row) =>
          row.slice(0, 5).map((id) => (id === plain.padTokenId ? id + 5 : id)),
        );
        const { logits, merged } = withPeft(base, adapter, ids);
        const ours = await allLogits(runner, description, weights, ids);
        const largest = Math.max(1, ...ours.map(Math.abs));
        expect(largestDifference(ours, logits)).toBeLessThan(1e-4 * largest);
        expect(largestDifference(ours, merged!)).toBeLessThan(1e-4 * largest);
      },
    );
  }
});

describe("prefix folders in PEFT give dpzo's logits to 1e-4", () => {
  for (const name of ["gpt2", "opt-pre-norm", "llama-gqa-tied", "qwen3-gqa"]) {
    test.skipIf(!hasPeft || !hasShared(`golden/models/${name}`))(
      `${name} (needs torch, transformers and peft in DPZO_PYTHON or python3, and ../shared/golden/models/${name})`,
      { timeout: 120_000 },
      async () => {
        const base = sharedPath(`golden/models/${name}`);
        const checkpoint = await openCheckpoint(nodeFolderReader(base));
        const { description: plain, weights } = await loadModel(checkpoint);
        await checkpoint.close();
        const description = withAdapter(plain, { kind: "prefix", length: 3 });
        const random = randomWeights(description, 9);
        for (const tensor of description.adapter!.tensors) weights.set(tensor, random.get(tensor)!);
        const adapter = join(scratch, `${name}-prefix`);
        const valuesOf = (tensor: string) => Promise.resolve(weights.get(tensor)!);
        await writePeftFolder(nodeFolderWriter(adapter), {
          description,
          baseName: name,
          trained: [],
          valuesOf,
        });
        const golden = parseGolden(readFileSync(`${base}/golden.json`, "utf8"));
        const ids = golden.input_ids.map((row) => row.slice(0, 5));
        const { logits } = withPeft(base, adapter, ids);
        const ours = await allLogits(runner, description, weights, ids);
        const largest = Math.max(1, ...ours.map(Math.abs));
        expect(largestDifference(ours, logits)).toBeLessThan(1e-4 * largest);
        expect(largestDifference(ours, await allLogits(runner, plain, weights, ids))).toBeGreaterThan(1e-2);
      },
    );
  }
});

test("the folder of a run: what PEFT is told, and tensors under its names", async () => {
  const run = await tinyRun({
    config: { adapter: "lora", train: ["adapter:last:1,head"], learningRate: 0.5 },
  });
  const config = JSON.parse(
    new TextDecoder().decode(run.model.files.get("adapter/adapter_config.json")),
  ) as unknown;
  const self = "bert.encoder.layer.1.attention.self";
  const head = ["cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"];
  expect(config).toEqual({
    base_model_name_or_path: "tiny",
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: 16,
    lora_dropout: 0,
    modules_to_save: head,
    peft_type: "LORA",
    r: 8,
    target_modules: [`${self}.query`, `${self}.value`],
    task_type: null,
  });
  const file = await openCheckpoint(
    memoryFolder("adapter", {
      "config.json": run.model.files.get("config.json")!,
      "model.safetensors": run.model.files.get("adapter/adapter_model.safetensors")!,
    }),
  );
  const names = [
    ...["query", "value"].flatMap((stem) => [
      `${self}.${stem}.lora_A.weight`,
      `${self}.${stem}.lora_B.weight`,
    ]),
    ...head.flatMap((module) => [`${module}.bias`, `${module}.weight`]),
  ].map((name) => `base_model.model.${name}`);
  expect([...file.tensors.keys()].sort()).toEqual(names.sort());
  expect([...file.tensors.values()].every(({ dtype }) => dtype === "F32")).toBe(true);

  // What PEFT would compute from the folder is what the merged checkpoint computes.
  const merged = await loadModel(await openCheckpoint(run.model));
  const base = await loadModel(await openCheckpoint(tinyModel()));
  const description = withAdapter(base.description, run.result.verified.plan.adapter!);
  expect(startingValues(description, "00".repeat(32), createDirectionEngine()).size).toBe(4);
  for (const name of file.tensors.keys()) {
    base.weights.set(name.replace("base_model.model.", ""), await file.read(name));
  }
  const ids = [[2, 20, 29, 31, 10, 12, 4, 17, 3]];
  const beside = await allLogits(runner, description, base.weights, ids);
  const within = await allLogits(runner, merged.description, merged.weights, ids);
  expect(largestDifference(beside, within)).toBeLessThan(1e-4);
  const plain = await loadModel(await openCheckpoint(tinyModel()));
  expect(
    largestDifference(within, await allLogits(runner, plain.description, plain.weights, ids)),
  ).toBeGreaterThan(1e-3);
});

test.skipIf(!hasPeft)(
  "a run's adapter folder on its base in PEFT gives the merged checkpoint's logits (needs torch, transformers and peft)",
  { timeout: 120_000 },
  async () => {
    const run = await tinyRun({
      config: { adapter: "lora", train: ["adapter,head,norms"], learningRate: 0.5 },
    });
    const out = writeToDisk(run.model, join(scratch, "run"));
    const base = writeToDisk(tinyModel(), join(scratch, "tiny"));
    const ids = [[2, 20, 29, 31, 10, 12, 4, 17, 3]];
    const { logits } = withPeft(base, join(out, "adapter"), ids);
    const merged = await loadModel(await openCheckpoint(run.model));
    const ours = await allLogits(runner, merged.description, merged.weights, ids);
    expect(largestDifference(ours, logits)).toBeLessThan(1e-4);
  },
);
