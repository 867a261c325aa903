import fc from "fast-check";
import { expect, test } from "vitest";

import { naiveLogits } from "../../test/support/naive-model.js";
import { randomWeights } from "../../test/support/random-weights.js";
import { seededNumbers } from "../../test/support/tiny-model.js";
import { nodeRuntime } from "../node/onnxruntime.js";
import { type Activations, StageRunner, weightSource } from "../runtime/stage-runner.js";
import { type LoraAdapter, withAdapter } from "./adapter.js";
import type { ModelDescription, Objective } from "./description.js";
import { describeModel } from "./registry.js";
import { batchActivations, type TokenRecord } from "./token-batch.js";

type Config = Record<string, unknown>;

const seed = fc.integer({ min: 1, max: 1 << 30 });
const between = (min: number, max: number) => fc.integer({ min, max });
const one = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const sizes = {
  layers: between(1, 3),
  vocabulary: between(11, 40),
  headSize: between(1, 5),
  heads: between(1, 5),
};

const bertLike = fc
  .record({
    ...sizes,
    model_type: one("bert", "roberta", "xlm-roberta", "camembert", "electra"),
    hidden_act: one("gelu", "gelu_new", "relu", "silu"),
    intermediate_size: between(3, 20),
    embedding_size: between(6, 12),
    type_vocab_size: between(1, 3),
    pad_token_id: between(0, 3),
    layer_norm_eps: one(1e-12, 1e-5, 1e-2),
    tie_word_embeddings: fc.boolean(),
  })
  .map(({ layers, vocabulary, headSize, heads, embedding_size, ...rest }): Config => ({
    ...rest,
    ...(rest.model_type === "electra" && { embedding_size }),
    num_hidden_layers: layers,
    vocab_size: vocabulary,
    hidden_size: heads * headSize,
    num_attention_heads: heads,
    max_position_embeddings: 24,
  }));

const distil = fc
  .record({
    ...sizes,
    activation: one("gelu", "relu"),
    hidden_dim: between(3, 20),
    tie_word_embeddings: fc.boolean(),
  })
  .map(({ layers, vocabulary, headSize, heads, ...rest }): Config => ({
    ...rest,
    model_type: "distilbert",
    n_layers: layers,
    vocab_size: vocabulary,
    dim: heads * headSize,
    n_heads: heads,
    max_position_embeddings: 24,
    pad_token_id: 0,
  }));

const gpt2 = fc
  .record({
    ...sizes,
    activation_function: one("gelu_new", "relu", "quick_gelu"),
    n_inner: one(null, 7, 20),
    layer_norm_epsilon: one(1e-5, 1e-2),
    scale_attn_weights: fc.boolean(),
    scale_attn_by_inverse_layer_idx: fc.boolean(),
    tie_word_embeddings: fc.boolean(),
  })
  .map(({ layers, vocabulary, headSize, heads, ...rest }): Config => ({
    ...rest,
    model_type: "gpt2",
    n_layer: layers,
    vocab_size: vocabulary,
    n_embd: heads * headSize,
    n_head: heads,
    n_positions: 24,
  }));

const opt = fc
  .record({
    ...sizes,
    activation_function: one("relu", "gelu", "relu2"),
    ffn_dim: between(3, 20),
    narrow: one(undefined, 5, 9),
    do_layer_norm_before: fc.boolean(),
    _remove_final_layer_norm: fc.boolean(),
    enable_bias: fc.boolean(),
    layer_norm_elementwise_affine: fc.boolean(),
    tie_word_embeddings: fc.boolean(),
  })
  .map(({ layers, vocabulary, headSize, heads, narrow, ...rest }): Config => ({
    ...rest,
    model_type: "opt",
    num_hidden_layers: layers,
    vocab_size: vocabulary,
    hidden_size: heads * headSize,
    num_attention_heads: heads,
    max_position_embeddings: 24,
    ...(narrow !== undefined && { word_embed_proj_dim: narrow }),
  }));

const ropes: readonly Config[] = [
  {},
  { rope_theta: 500 },
  { rope_scaling: null, rope_theta: 10_000 },
  { rope_scaling: { type: "linear", factor: 3 } },
  { rope_scaling: { type: "dynamic", factor: 4 }, rope_theta: 1000 },
  { rope_parameters: { rope_type: "default", rope_theta: 70 } },
  {
    rope_theta: 10_000,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 16,
    },
  },
  {
    rope_parameters: { rope_type: "yarn", rope_theta: 100, factor: 4, original_max_position_embeddings: 256 },
  },
  {
    rope_theta: 10_000,
    rope_scaling: {
      type: "yarn",
      factor: 2,
      original_max_position_embeddings: 64,
      beta_fast: 8,
      beta_slow: 0.5,
      attention_factor: 0.75,
    },
  },
];

const llama = fc
  .record({
    ...sizes,
    model_type: one("llama", "mistral", "qwen2", "qwen3"),
    hidden_act: one("silu", "gelu", "relu"),
    group: between(1, 3),
    width: one("heads", "other"),
    intermediate_size: between(3, 20),
    rms_norm_eps: one(1e-6, 1e-5, 1e-2),
    attention_bias: fc.boolean(),
    mlp_bias: fc.boolean(),
    tie_word_embeddings: fc.boolean(),
    rope: one(...ropes),
  })
  .map(
    ({
      layers,
      vocabulary,
      headSize,
      heads,
      group,
      width,
      rope,
      attention_bias,
      mlp_bias,
      ...rest
    }): Config => {
      const size = 2 * headSize;
      const count = heads * group;
      return {
        ...rest,
        ...rope,
        ...(["llama", "qwen3"].includes(rest.model_type) && { attention_bias }),
        ...(rest.model_type === "llama" && { mlp_bias }),
        num_hidden_layers: layers,
        vocab_size: vocabulary,
        hidden_size: width === "heads" ? count * size : 7,
        num_attention_heads: count,
        num_key_value_heads: heads,
        head_dim: size,
        max_position_embeddings: 24,
      };
    },
  );

const runner = new StageRunner(nodeRuntime({ threads: 1 }));

function randomRecords(description: ModelDescription, config: Config, from: number): readonly TokenRecord[] {
  const next = seededNumbers(from);
  const under = (bound: number): number => Math.floor(((next() + 1) / 2) * bound);
  return [9, 1, 14].map((length) => ({
    inputIds: Int32Array.from({ length }, () => under(description.vocabularySize)),
    tokenTypeIds: Int32Array.from({ length }, () =>
      under((config["type_vocab_size"] as number | undefined) ?? 1),
    ),
    maskPosition: under(length),
    readPositions: [...Array(length).keys()].filter(() => under(2) === 0),
  }));
}

async function logits(
  description: ModelDescription,
  weights: ReadonlyMap<string, Float32Array>,
  records: readonly TokenRecord[],
  objective: Objective,
): Promise<Float32Array> {
  let activations: Activations = batchActivations(description, records, 16);
  for (const stage of description.stages(objective)) {
    activations = await runner.run(stage, weightSource(description, weights), activations);
  }
  return activations["logits"]!.data as Float32Array;
}

/** Every objective's logits, each with what the plain loops say. */
async function compare(plain: Config, from: number, adapter?: LoraAdapter): Promise<void> {
  const described = describeModel(plain);
  const description = adapter === undefined ? described : withAdapter(described, adapter);
  const config = adapter === undefined ? plain : { ...plain, lora_scale: adapter.alpha / adapter.rank };
  const weights = randomWeights(description, from);
  const records = randomRecords(description, config, from + 1);
  const expected = records.map(({ inputIds, tokenTypeIds }) =>
    naiveLogits(config, weights, { ids: [...inputIds], types: [...tokenTypeIds] }),
  );
  const words = description.vocabularySize;
  const close = (actual: ArrayLike<number>, rows: readonly (readonly number[])[]): void => {
    const flat = rows.flat();
    expect(actual.length).toBe(flat.length);
    // Rounding grows where a norm divides by little; a wrong graph is off by far more.
    const largest = Math.max(1, ...flat.map(Math.abs));
    flat.forEach((value, at) => {
      expect(Math.abs((actual[at] ?? Number.NaN) - value)).toBeLessThan(5e-4 * largest);
    });
  };

  const all = await logits(description, weights, records, { kind: "all-logits" });
  records.forEach(({ inputIds }, record) => {
    const start = record * 16 * words;
    close(all.subarray(start, start + inputIds.length * words), expected[record]!);
  });
  const read = await logits(description, weights, records, { kind: "token-logits" });
  close(
    read,
    records.flatMap(({ readPositions }, record) => readPositions!.map((at) => expected[record]![at]!)),
  );
  const wordIds = [words - 1, 0, 5];
  const single = records.map(({ inputIds, tokenTypeIds, maskPosition }) => ({
    inputIds,
    tokenTypeIds,
    maskPosition,
  }));
  const labels = await logits(description, weights, single, { kind: "label-words", wordIds });
  close(
    labels,
    single.map(({ maskPosition }, record) => wordIds.map((id) => expected[record]![maskPosition]![id]!)),
  );
  await runner.release();
}

for (const [name, configs] of Object.entries({ bertLike, distil, gpt2, opt, llama })) {
  test(`graphs of random ${name} configs give the logits of plain float64 loops, under every objective`, async () => {
    await fc.assert(
      fc.asyncProperty(configs, seed, (config, from) => compare(config, from)),
      { numRuns: name === "llama" ? 40 : 20 },
    );
  }, 60_000);
}

for (const [name, configs] of Object.entries({ bertLike, distil, gpt2, opt, llama })) {
  test(`adapters in graphs of random ${name} configs add what plain float64 loops add, under every objective`, async () => {
    const adapters = fc.record({
      rank: between(1, 4),
      alpha: between(1, 8),
      blocks: between(1, 3),
      all: fc.boolean(),
    });
    const property = fc.asyncProperty(configs, seed, adapters, async (config, from, { all, ...sizes_ }) => {
      const { linearStems, blocks } = describeModel(config);
      const modules = linearStems.filter((_, at) => all || at % 2 === from % 2);
      const adapter: LoraAdapter = {
        kind: "lora",
        ...sizes_,
        modules,
        blocks: Math.min(blocks.length, sizes_.blocks),
      };
      await compare(config, from, adapter);
    });
    await fc.assert(property, { numRuns: 12 });
  }, 60_000);
}
