/** Prefix tuning: a run replays, its folder answers as trained, and virtual tokens are what PEFT and a cache make of them. */
import { expect, test } from "vitest";

import { startingValues } from "../src/adapter/index.js";
import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { exportOnnx } from "../src/export/index.js";
import { memoryFolder } from "../src/files.js";
import { withAdapter } from "../src/model/adapter.js";
import type { ModelStage } from "../src/model/description.js";
import { loadModel } from "../src/model/load.js";
import { describeModel } from "../src/model/registry.js";
import { batchActivations } from "../src/model/token-batch.js";
import type { TrainConfigInput } from "../src/plan/config.js";
import { replayModel } from "../src/replay/replay-model.js";
import { decodeGreedily } from "../src/runtime/generate.js";
import { type Activations, StageRunner, weightSource } from "../src/runtime/stage-runner.js";
import { allLogits, largestDifference } from "./support/all-logits.js";
import { randomWeights } from "./support/random-weights.js";
import { tinyModel, tinyRecords } from "./support/tiny-model.js";
import { keystream, tinyRun, type TinyRunOptions } from "./support/tiny-run.js";
import { testRuntime } from "./support/runtime.js";

const runner = new StageRunner(testRuntime());

const prefixRun = (options: TinyRunOptions = {}) =>
  tinyRun({
    secret: keystream(4),
    ...options,
    config: {
      adapter: "prefix",
      prefixLength: 3,
      epsilon: 100,
      batch: 40,
      learningRate: 0.5,
      ...options.config,
    },
  });

test("a run with a prefix replays every byte of its folder, beside the unchanged base", async () => {
  const configs: readonly Partial<TrainConfigInput>[] = [
    {},
    { method: "dp-zopo", maskStrategy: "dynamic", maskRatio: [0.3], directions: 16 },
    { train: ["adapter:last:1"], proximal: 0.2 },
  ];
  for (const config of configs) {
    const run = await prefixRun({ config });
    const out = memoryFolder("replayed");
    await replayModel(await openCheckpoint(tinyModel()), run.ledger, out);
    expect(out.files).toEqual(run.model.files);
    expect(out.files.get("model.safetensors")).toEqual(tinyModel().files.get("model.safetensors"));
  }
});

test("the folder answers as trained: loading it again gives the prefix that the steps made", async () => {
  const run = await prefixRun({ evaluation: tinyRecords(30, 3) });
  expect(run.result.verified.plan.adapter).toEqual({ kind: "prefix", length: 3 });
  const { description, weights } = await loadModel(await openCheckpoint(run.model));
  expect(description.adapter?.spec).toEqual({ kind: "prefix", length: 3 });
  expect(run.result.final).toBeDefined();
  const { plan } = run.result.verified;
  const start = startingValues(description, plan.directions.runSeed, createDirectionEngine());
  expect(start.size).toBe(4);
  for (const [name, values] of start) {
    expect(weights.get(name)).not.toEqual(values);
    expect(weights.get(name)?.length).toBe(2 * 3 * 8);
  }
  const base = await loadModel(await openCheckpoint(tinyModel()));
  const ids = [[2, 20, 29, 31, 4, 3]];
  const [tuned, plain] = await Promise.all([
    allLogits(runner, description, weights, ids),
    allLogits(runner, base.description, base.weights, ids),
  ]);
  expect(largestDifference(tuned, plain)).toBeGreaterThan(1e-2);
});

test("a folder with a prefix is no base to train from, and is not exported", async () => {
  const run = await prefixRun();
  const base = memoryFolder("tuned", Object.fromEntries(run.model.files));
  await expect(prefixRun({ base })).rejects.toMatchObject({ code: "contradictory-settings" });
  const out = { out: memoryFolder("out"), onnx: memoryFolder("onnx") };
  await expect(exportOnnx(await openCheckpoint(base), out)).rejects.toMatchObject({
    code: "adapter-unsupported",
  });
});

test("an adapter folder that is not understood is refused", async () => {
  const { model } = await prefixRun();
  const config = JSON.parse(
    new TextDecoder().decode(model.files.get("adapter/adapter_config.json")),
  ) as Record<string, unknown>;
  for (const change of [
    { peft_type: "IA3" },
    { prefix_projection: true },
    { num_virtual_tokens: 4 },
    { num_virtual_tokens: 0 },
  ]) {
    const files = Object.fromEntries(model.files);
    files["adapter/adapter_config.json"] = new TextEncoder().encode(JSON.stringify({ ...config, ...change }));
    await expect(loadModel(await openCheckpoint(memoryFolder("x", files)))).rejects.toMatchObject({
      code: "adapter-unsupported",
    });
  }
});

test("beside a prefix nothing else is trained", async () => {
  const refused = { code: "contradictory-settings" };
  await expect(prefixRun({ config: { train: ["adapter,head"] } })).rejects.toMatchObject(refused);
  await expect(prefixRun({ config: { adapter: "lora" } })).rejects.toMatchObject(refused);
});

const sizes = { num_hidden_layers: 2, hidden_size: 12, num_attention_heads: 4, vocab_size: 30 };
const decoders = {
  gpt2: {
    model_type: "gpt2",
    n_embd: 12,
    n_head: 4,
    n_layer: 2,
    n_positions: 24,
    vocab_size: 30,
    layer_norm_epsilon: 1e-5,
  },
  opt: { ...sizes, model_type: "opt", ffn_dim: 20, max_position_embeddings: 24 },
  llama: {
    ...sizes,
    model_type: "llama",
    intermediate_size: 20,
    max_position_embeddings: 24,
    num_key_value_heads: 2,
    head_dim: 6,
    rms_norm_eps: 1e-6,
  },
  qwen3: {
    ...sizes,
    model_type: "qwen3",
    intermediate_size: 20,
    max_position_embeddings: 24,
    num_key_value_heads: 2,
    head_dim: 6,
    rms_norm_eps: 1e-6,
  },
};

for (const [name, config] of Object.entries(decoders)) {
  test(`a prefix of ${name} that holds a text's own keys and values gives the logits of what follows that text`, async () => {
    const plain = describeModel(config);
    const weights = randomWeights(plain, 3);
    const [head, tail] = [
      [3, 14, 15],
      [9, 26, 5, 21],
    ];
    const record = { inputIds: Int32Array.from(head), tokenTypeIds: new Int32Array(3), maskPosition: 0 };
    const source = weightSource(plain, weights);
    const { keyValueHeads, headSize } = plain.decoding!;
    const empty = { data: new Float32Array(), dims: [2, keyValueHeads, 0, headSize] };
    let activations: Activations = {
      ...batchActivations(plain, [record, record], 3),
      past_key: empty,
      past_value: empty,
    };
    const adapted = withAdapter(plain, { kind: "prefix", length: 3 });
    const tensors = [...adapted.adapter!.tensors];
    const filled = new Map(weights);
    for (const stage of plain.stages({ kind: "next-token" })) {
      activations = await runner.run(stage, source, activations);
      if (!("present_key" in stage.program.outputs)) continue;
      for (const part of ["present_key", "present_value"]) {
        const { data } = activations[part]!;
        filled.set(tensors.shift()!, Float32Array.from(data.subarray(0, data.length / 2)));
      }
      activations = { ...activations, past_key: empty, past_value: empty };
    }
    expect(tensors).toEqual([]);
    const whole = await allLogits(runner, plain, weights, [[...head, ...tail]]);
    const after = await allLogits(runner, adapted, filled, [tail]);
    const expected = whole.slice(3 * plain.vocabularySize);
    expect(largestDifference(after, expected)).toBeLessThan(1e-4);
    expect(adapted.maximumTokens).toBe(plain.maximumTokens - 3);
  });
}

test("decoding with a cache after a prefix adds the tokens that running the whole text again would add", async () => {
  for (const config of [decoders.gpt2, decoders.llama]) {
    const description = withAdapter(describeModel(config), { kind: "prefix", length: 3 });
    const weights = randomWeights(description, 8);
    const prompts = [
      [3, 14, 15, 9],
      [7, 2],
    ];
    const answers = await decodeGreedily({
      description,
      runner,
      weights: weightSource(description, weights),
      prompts: prompts.map((ids) => Int32Array.from(ids)),
      newTokens: 5,
    });
    for (const [at, prompt] of prompts.entries()) {
      const text = [...prompt];
      for (const token of answers[at]!) {
        const logits = await allLogits(runner, description, weights, [text, text]);
        const last = logits.slice(-description.vocabularySize);
        expect(last.indexOf(Math.max(...last))).toBe(token);
        text.push(token);
      }
    }
  }
});

test("virtual tokens of an encoder that repeat a token's keys and values count that token as often again", async () => {
  const config = {
    ...sizes,
    model_type: "bert",
    hidden_act: "gelu",
    intermediate_size: 20,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 24,
    type_vocab_size: 1,
  };
  const plain = describeModel(config);
  const weights = randomWeights(plain, 6);
  const adapted = withAdapter(plain, { kind: "prefix", length: 2 });
  const [token, copies] = [1, 2];
  const record = { inputIds: Int32Array.of(4, 9, 17, 8), tokenTypeIds: new Int32Array(4), maskPosition: 0 };
  const batch = batchActivations(plain, [record, record], 4);
  // A score's bias of log(1 + copies) weighs one token as much as all its copies.
  const bias = {
    data: Float32Array.from([0, 1, 0, 0, 0, 1, 0, 0], (at) => at * Math.log(1 + copies)),
    dims: [2, 1, 1, 4],
  };
  let counted: Activations = { ...batch, attention_bias: bias };
  let repeated: Activations = batch;
  const source = weightSource(plain, weights);
  const stages = (description: typeof plain): readonly ModelStage[] =>
    description.stages({ kind: "all-logits" });
  for (const [at, stage] of stages(plain).entries()) {
    const filled = new Map(weights);
    const prefix = stage.weights[0]!.tensor.replace(/attention.*/u, "");
    if (stage.name.startsWith("layer")) {
      const row = [...counted["hidden"]!.data].slice(token * 12, token * 12 + 12);
      for (const part of ["key", "value"] as const) {
        const [w, b] = ["weight", "bias"].map((kind) =>
          weights.get(`${prefix}attention.self.${part}.${kind}`)!,
        );
        const projected = [...b!].map((start, out) =>
          row.reduce((sum, value, i) => sum + value * w![out * 12 + i]!, start),
        );
        // [heads 4, copies, size 3].
        const values = [0, 1, 2, 3].flatMap((one) =>
          Array.from({ length: copies }, () => projected.slice(3 * one, 3 * one + 3)).flat(),
        );
        filled.set(`${prefix}prefix_${part}`, Float32Array.from(values));
      }
    }
    counted = await runner.run(stage, source, counted);
    repeated = await runner.run(stages(adapted)[at]!, weightSource(adapted, filled), repeated);
  }
  expect(largestDifference([...counted["logits"]!.data], [...repeated["logits"]!.data])).toBeLessThan(1e-4);
});
