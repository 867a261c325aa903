import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { allLogits, largestDifference } from "../../test/support/all-logits.js";
import { goldenDecoders, goldenEncoders } from "../../test/support/golden-models.js";
import { randomWeights } from "../../test/support/random-weights.js";
import { hasShared, sharedPath } from "../../test/support/shared.js";
import { mergedWeights, startingValues } from "../adapter/index.js";
import { openCheckpoint } from "../checkpoint/index.js";
import { createDirectionEngine } from "../directions/index.js";
import { nodeFolderReader } from "../node/index.js";
import { parseGolden } from "../runtime/golden.js";
import { StageRunner } from "../runtime/stage-runner.js";
import {
  type LoraAdapter,
  type LoraLayout,
  adapterInWords,
  usualLoraModules,
  withAdapter,
} from "./adapter.js";
import type { ModelDescription } from "./description.js";
import { type LoadedModel, loadModel } from "./load.js";
import { describeModel } from "./registry.js";
import { selectTensors } from "./selection.js";
import { testRuntime } from "../../test/support/runtime.js";

const runner = new StageRunner(testRuntime());
const engine = createDirectionEngine();

async function loadGolden(name: string): Promise<LoadedModel & { readonly ids: readonly number[][] }> {
  const folder = sharedPath(`golden/models/${name}`);
  const checkpoint = await openCheckpoint(nodeFolderReader(folder));
  const model = await loadModel(checkpoint);
  await checkpoint.close();
  const golden = parseGolden(readFileSync(`${folder}/golden.json`, "utf8"));
  return { ...model, ids: golden.input_ids.map((ids) => ids.slice(0, 6)) };
}

function everywhere({ linearStems, blocks }: ModelDescription, more: Partial<LoraAdapter> = {}): LoraAdapter {
  return { kind: "lora", rank: 2, alpha: 3, modules: linearStems, blocks: blocks.length, ...more };
}

/** Values of ordinary size in A and B. */
function filled(
  description: ModelDescription,
  base: ReadonlyMap<string, Float32Array>,
): Map<string, Float32Array> {
  const random = randomWeights(description, 4);
  const weights = new Map(base);
  for (const name of description.adapter!.tensors) {
    weights.set(
      name,
      random.get(name)!.map((value) => value / 2),
    );
  }
  return weights;
}

for (const name of [...goldenEncoders, ...goldenDecoders]) {
  describe.skipIf(!hasShared(`golden/models/${name}`))(
    `adapters of ${name} (needs ../shared/golden/models/${name})`,
    () => {
      test("as they start, they change no bit of the logits", async () => {
        const { description, weights, ids } = await loadGolden(name);
        const adapted = withAdapter(description, everywhere(description));
        const start = startingValues(adapted, "ab".repeat(32), engine);
        const with_ = await allLogits(runner, adapted, new Map([...weights, ...start]), ids);
        expect(with_).toEqual(await allLogits(runner, description, weights, ids));
      });

      test("merged into the weights they give the adapted logits, to rounding", async () => {
        const { description, weights, ids } = await loadGolden(name);
        const adapted = withAdapter(description, everywhere(description));
        const values = filled(adapted, weights);
        const merged = await mergedWeights(adapted.adapter as LoraLayout, (tensor) =>
          Promise.resolve(values.get(tensor)!),
        );
        expect(merged.size).toBe(description.linearStems.length * description.blocks.length);
        const beside = await allLogits(runner, adapted, values, ids);
        const within = await allLogits(runner, description, new Map([...weights, ...merged]), ids);
        const largest = Math.max(1, ...beside.map(Math.abs));
        expect(largestDifference(beside, within)).toBeLessThan(1e-4 * largest);
        expect(largestDifference(beside, await allLogits(runner, description, weights, ids))).toBeGreaterThan(
          1e-2,
        );
      });
    },
  );
}

const config = {
  model_type: "llama",
  hidden_act: "silu",
  hidden_size: 8,
  intermediate_size: 12,
  max_position_embeddings: 16,
  num_attention_heads: 2,
  num_hidden_layers: 4,
  rms_norm_eps: 1e-6,
  vocab_size: 20,
};

test("blocks below the adapters keep their graph, and blocks of each kind share one", () => {
  const plain = describeModel(config);
  const adapted = withAdapter(plain, everywhere(plain, { blocks: 2 }));
  const keys = (description: ModelDescription): readonly string[] =>
    description
      .stages({ kind: "all-logits" })
      .slice(1, -1)
      .map(({ program }) => program.key);
  expect(keys(adapted).slice(0, 2)).toEqual(keys(plain).slice(0, 2));
  expect(keys(adapted)[2]).toBe(keys(adapted)[3]);
  expect(keys(adapted)[2]).not.toBe(keys(plain)[2]);
  const [first] = (adapted.adapter as LoraLayout).modules;
  expect(first?.name).toBe("model.layers.2.self_attn.q_proj");
});

test("selections of adapters: all of them, those of the last blocks, names with patterns", () => {
  const plain = describeModel(config);
  const adapted = withAdapter(plain, everywhere(plain, { modules: usualLoraModules(plain) }));
  const names = (...layers: number[]): string[] =>
    layers.flatMap((layer) =>
      ["q_proj", "v_proj"].flatMap((module) =>
        ["lora_A", "lora_B"].map((part) => `model.layers.${layer}.self_attn.${module}.${part}.weight`),
      ),
    );
  expect(selectTensors(adapted, "adapter")).toEqual(names(0, 1, 2, 3));
  expect(selectTensors(adapted, "adapter:last:1,head")).toEqual([...names(3), "model.norm.weight"]);
  expect(selectTensors(adapted, "*.3.*.lora_B.weight").length).toBe(2);
  expect(() => selectTensors(plain, "adapter")).toThrow(/give --adapter/u);
  expect(() => selectTensors(adapted, "adapter:last:5")).toThrow(/selects no tensor/u);
});

test("a layer that is not there, or that is no linear layer, is refused with those that are", () => {
  const plain = describeModel(config);
  for (const stem of ["joint", "attention_norm", ""]) {
    expect(() => withAdapter(plain, everywhere(plain, { modules: [stem] }))).toThrow(
      expect.objectContaining({ code: "unknown-adapter-module", value: stem }) as Error,
    );
  }
  expect(() => withAdapter(plain, everywhere(plain, { modules: ["joint"] }))).toThrow(/query, key, value/u);
});

test("an adapter in words", () => {
  const plain = describeModel(config);
  expect(adapterInWords(everywhere(plain, { modules: ["query", "value"], blocks: 1 }))).toBe(
    "LoRA of rank 2, alpha 3, on query, value of the last block",
  );
});
