import { describe, expect, test } from "vitest";

import { randomWeights } from "../../test/support/random-weights.js";
import { createDirectionEngine, type DirectionStream } from "../directions/index.js";
import { FrozenPrefix, type PrefixBatch } from "../measure/prefix.js";
import { Perturber } from "../measure/trajectories.js";
import { LocalWalker, type Walker } from "../measure/walker.js";
import { nodeRuntime } from "../node/onnxruntime.js";
import { selfTest } from "../measure/self-test.js";
import { type Activations, StageRunner, weightSource, type WeightSource } from "../runtime/stage-runner.js";
import type { ModelStage, Objective } from "./description.js";
import { describeModel } from "./registry.js";
import { selectTensors } from "./selection.js";
import { batchActivations, type TokenRecord } from "./token-batch.js";

const sizes = { hidden_size: 16, num_attention_heads: 4, num_hidden_layers: 3, vocab_size: 50 };
const decoders = {
  llama: {
    ...sizes,
    model_type: "llama",
    num_key_value_heads: 2,
    intermediate_size: 24,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
  },
  opt: {
    ...sizes,
    model_type: "opt",
    ffn_dim: 24,
    word_embed_proj_dim: 8,
    max_position_embeddings: 64,
    pad_token_id: 1,
  },
  gpt2: {
    model_type: "gpt2",
    n_embd: 16,
    n_head: 4,
    n_layer: 3,
    n_positions: 64,
    layer_norm_epsilon: 1e-5,
    vocab_size: 50,
  },
};
const tables = {
  llama: "model.embed_tokens.weight",
  opt: "model.decoder.embed_tokens.weight",
  gpt2: "transformer.wte.weight",
};
const names = ["llama", "opt", "gpt2"] as const;

const runner = new StageRunner(nodeRuntime({ threads: 1 }));
const engine = createDirectionEngine();
const smoothing = 0.05;
const stream = (tensor: string): DirectionStream => ({
  runSeed: new Uint8Array(32).fill(3),
  step: 1,
  direction: 0,
  tensor,
  distribution: "gaussian",
});
const records: readonly TokenRecord[] = [9, 5, 12].map((length, record) => ({
  inputIds: Int32Array.from({ length }, (_, i) => (i * 13 + record * 7) % 50),
  tokenTypeIds: new Int32Array(length),
  maskPosition: length - 1,
}));

async function walk(
  stages: readonly ModelStage[],
  sourceOf: (stage: ModelStage) => WeightSource,
  start: Activations,
): Promise<readonly number[]> {
  let activations = start;
  for (const stage of stages) activations = await runner.run(stage, sourceOf(stage), activations);
  return [...activations["logits"]!.data];
}

/** What each text gives on the canonical weights, by its index. */
async function readingsOf(
  walker: Walker,
  batches: readonly PrefixBatch[],
): Promise<ReadonlyMap<number, ArrayLike<number>>> {
  const [[readings = []] = []] = await walker.readings(batches, [{ sides: 1 }]);
  return new Map(batches.flatMap(({ members }) => members).map((member, at) => [member, readings[at]!]));
}

describe("a tied embedding table is one tensor, perturbed wherever it is read", () => {
  for (const name of names) {
    for (const objective of [
      { kind: "label-words", wordIds: [7, 3, 41] },
      { kind: "token-logits" },
    ] as const satisfies readonly Objective[]) {
      test(`${name}, ${objective.kind}`, async () => {
        const description = describeModel(decoders[name]);
        const weights = randomWeights(description, 5);
        const table = tables[name];
        expect([...description.tensors.keys()].filter((tensor) => /lm_head/u.test(tensor))).toEqual([]);
        expect(description.tiedAliases.get("lm_head.weight")).toBe(table);

        const stages = description.stages(objective);
        const start = batchActivations(description, records, 16);
        const trained = new Set([table]);
        const source = weightSource(description, weights);
        const perturber = new Perturber({ source, engine, trained, smoothing });
        const actual = await walk(stages, (stage) => perturber.perturb(stage, stream).plus, start);

        const { length } = weights.get(table)!;
        const [plus, minus] = [new Float32Array(length), new Float32Array(length)];
        engine.perturb(weights.get(table)!, stream(table), smoothing, plus, minus);
        const canonical = weightSource(description, weights);
        const moved = weightSource(description, new Map([...weights, [table, plus]]));
        expect(actual).toEqual(await walk(stages, () => moved, start));
        // Each use by itself is something else.
        for (const only of ["embeddings", "head"]) {
          const part = await walk(stages, (stage) => (stage.name === only ? moved : canonical), start);
          expect(actual).not.toEqual(part);
        }
      });
    }
  }
});

describe("what is below the first trained stage can be kept", () => {
  for (const name of names) {
    for (const selection of ["head", "last:1", "last:2"]) {
      test(`${name}, ${selection}: the same bits as evaluating it again`, async () => {
        const description = describeModel(decoders[name]);
        const stages = description.stages({ kind: "label-words", wordIds: [7, 3] });
        const trained = new Set(selectTensors(description, selection));
        const frozen = stages.findIndex(({ weights }) => weights.some(({ tensor }) => trained.has(tensor)));
        expect(frozen).toBe({ head: 4, "last:1": 3, "last:2": 2 }[selection]);
        const weights = randomWeights(description, 6);
        const walker = new LocalWalker(
          { tensors: description.tensors, weights, stages, frozen, reading: "logits" },
          runner,
        );
        const texts = records.map((prompt) => ({ prompt }));
        const context = { description, walker, stages, frozen, texts, maximumTokens: 64 };
        const finish = async (prefix: FrozenPrefix) => readingsOf(walker, await prefix.run([2, 0, 1]));
        const kept = await FrozenPrefix.keeping(context);
        expect(kept.isKept).toBe(true);
        expect(await finish(kept)).toEqual(await finish(FrozenPrefix.direct(context)));
      });
    }
  }
});

describe("a prefix up to the head keeps every position that a record reads", () => {
  for (const name of names) {
    test(name, async () => {
      const description = describeModel(decoders[name]);
      const stages = description.stages({ kind: "token-logits" });
      const weights = randomWeights(description, 8);
      const reads = [[3, 4, 5, 8], [4], [0, 11]];
      const frozen = stages.length - 1;
      const walker = new LocalWalker(
        { tensors: description.tensors, weights, stages, frozen, reading: "logits" },
        runner,
      );
      const texts = records.map((record, index) => ({ prompt: { ...record, readPositions: reads[index]! } }));
      const context = { description, walker, stages, frozen, texts, maximumTokens: 64 };
      expect(FrozenPrefix.bytesToKeep(context)).toBe(7 * 16 * 4);
      const finish = async (prefix: FrozenPrefix, batch: readonly number[]) =>
        readingsOf(walker, await prefix.run(batch));
      const kept = await FrozenPrefix.keeping(context);
      for (const batch of [[2, 0, 1], [1, 0], [1]]) {
        const again = await finish(FrozenPrefix.direct(context), batch);
        expect(new Set(again.keys())).toEqual(new Set(batch));
        expect(await finish(kept, batch)).toEqual(again);
      }
    });
  }
});

test("the head of a decoder is its final norm and projection, without the vocabulary's rows", () => {
  const select = (name: keyof typeof decoders, selection: string): readonly string[] =>
    selectTensors(describeModel(decoders[name]), selection);
  expect(select("llama", "head")).toEqual(["model.norm.weight"]);
  expect(select("gpt2", "head")).toEqual(["transformer.ln_f.weight", "transformer.ln_f.bias"]);
  expect(select("opt", "head")).toEqual([
    "model.decoder.final_layer_norm.weight",
    "model.decoder.final_layer_norm.bias",
    "model.decoder.project_out.weight",
  ]);
  expect(select("llama", "last:1")).toEqual([...select("llama", "model.layers.2.*"), "model.norm.weight"]);
  expect(select("llama", "all")).toEqual(["model.embed_tokens.weight", ...select("llama", "blocks")]);
  const bare = describeModel({ ...decoders.opt, word_embed_proj_dim: 16, do_layer_norm_before: false });
  expect(() => selectTensors(bare, "head")).toThrow(/selects no tensor/u);
  expect(selectTensors(bare, "last:1").length).toBe(16);
});

test("blocks of one shape share one graph, the last one apart where it reads less", () => {
  const keys = (objective: Objective): readonly string[] =>
    describeModel(decoders.llama)
      .stages(objective)
      .map(({ program }) => program.key);
  expect(new Set(keys({ kind: "all-logits" })).size).toBe(3);
  expect(new Set(keys({ kind: "token-logits" })).size).toBe(4);
  const scaled = describeModel({ ...decoders.gpt2, scale_attn_by_inverse_layer_idx: true });
  expect(new Set(scaled.stages({ kind: "all-logits" }).map(({ program }) => program.key)).size).toBe(5);
});

describe("the self-test passes", () => {
  const encoders = {
    electra: {
      ...sizes,
      model_type: "electra",
      embedding_size: 8,
      intermediate_size: 24,
      layer_norm_eps: 1e-12,
      max_position_embeddings: 64,
      type_vocab_size: 2,
    },
    distilbert: {
      model_type: "distilbert",
      dim: 16,
      n_heads: 4,
      n_layers: 3,
      hidden_dim: 24,
      max_position_embeddings: 64,
      vocab_size: 50,
    },
    qwen3: { ...decoders.llama, model_type: "qwen3", head_dim: 6 },
    "opt without what can be left out": {
      ...decoders.opt,
      enable_bias: false,
      layer_norm_elementwise_affine: false,
      tie_word_embeddings: false,
    },
  };
  for (const [name, config] of Object.entries({ ...decoders, ...encoders })) {
    test(name, async () => {
      const description = describeModel(config);
      const { stages } = await selfTest(runner, description, randomWeights(description, 7));
      expect(stages).toEqual(["embeddings", "layer.0", "layer.1", "layer.2", "head"]);
    });
  }
});

test("an input longer than the model takes is refused", () => {
  const { maximumTokens } = describeModel(decoders.llama);
  expect(() => batchActivations(describeModel(decoders.llama), records, maximumTokens + 1)).toThrow(
    expect.objectContaining({ code: "too-many-tokens", value: 65 }) as Error,
  );
});
