import { describe, expect, test } from "vitest";

import type { ModelDescription } from "./description.js";
import { describeModel } from "./registry.js";

/**
 * What published configs hold and leave out without changing the forward pass: each of these is transformers' own
 * default, says what the network has anyway, or is about training, generation, tools and bookkeeping.
 */

type Config = Readonly<Record<string, unknown>>;

const encoder: Config = {
  hidden_act: "gelu",
  hidden_size: 24,
  intermediate_size: 32,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 16,
  num_attention_heads: 12,
  num_hidden_layers: 2,
  type_vocab_size: 2,
  vocab_size: 20,
};
const decoder: Config = {
  hidden_act: "silu",
  hidden_size: 64,
  intermediate_size: 20,
  max_position_embeddings: 64,
  num_attention_heads: 32,
  num_hidden_layers: 2,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  vocab_size: 20,
};
const bases: Readonly<Record<string, Config>> = {
  bert: { ...encoder, model_type: "bert" },
  roberta: { ...encoder, model_type: "roberta", pad_token_id: 1 },
  "xlm-roberta": { ...encoder, model_type: "xlm-roberta", pad_token_id: 1 },
  camembert: { ...encoder, model_type: "camembert", pad_token_id: 1 },
  electra: { ...encoder, model_type: "electra", embedding_size: 8, num_attention_heads: 4 },
  distilbert: {
    model_type: "distilbert",
    activation: "gelu",
    dim: 24,
    hidden_dim: 32,
    max_position_embeddings: 16,
    n_heads: 12,
    n_layers: 2,
    vocab_size: 20,
  },
  gpt2: { model_type: "gpt2", n_embd: 24, n_head: 12, n_layer: 2, n_positions: 16, vocab_size: 20 },
  opt: {
    model_type: "opt",
    ffn_dim: 20,
    hidden_size: 24,
    max_position_embeddings: 16,
    num_attention_heads: 12,
    num_hidden_layers: 2,
    vocab_size: 20,
  },
  llama: { ...decoder, model_type: "llama" },
  mistral: { ...decoder, model_type: "mistral" },
  qwen2: { ...decoder, model_type: "qwen2" },
  qwen3: { ...decoder, model_type: "qwen3", head_dim: 2 },
};
const llamas = ["llama", "mistral", "qwen2", "qwen3"];
const encoders = ["bert", "roberta", "xlm-roberta", "camembert", "electra"];
const everyone = Object.keys(bases);

/** All that a description says, with what its graphs are fed. */
function facts(model: ModelDescription): unknown {
  const batch = {
    records: 1,
    positions: 5,
    inputIds: new Int32Array(5),
    tokenTypeIds: new Int32Array(5),
    lengths: Int32Array.of(3),
  };
  return {
    tensors: [...model.tensors],
    aliases: [...model.tiedAliases],
    limit: model.maximumTokens,
    padding: model.padTokenId,
    stages: model
      .stages({ kind: "all-logits" })
      .map(({ name, program, weights }) => [name, program.key, weights]),
    inputs: model.batchInputs(batch),
    feeds: model.feeds.key,
  };
}

const full = ["full_attention", "full_attention"];
const theta = { rope_theta: 10_000 };
const taken: readonly (readonly [architectures: readonly string[], change: Config])[] = [
  [everyone, { unsloth_fixed: true, unsloth_version: "2025.1.1" }],
  [everyone, { use_cache: false, torch_dtype: "float16", dtype: "bfloat16", transformers_version: "4.9.1" }],
  [everyone, { _name_or_path: "/home/me/x", name_or_path: "x", architectures: ["SomethingElse", "Another"] }],
  [everyone, { attn_implementation: "flash_attention_2", _attn_implementation: "sdpa" }],
  [everyone, { bos_token_id: [1, 2], eos_token_id: [128001, 128008, 128009], sep_token_id: 3 }],
  [everyone, { id2label: { 0: "a", 1: "b" }, label2id: { a: 0, b: 1 }, problem_type: "regression" }],
  [everyone, { gradient_checkpointing: true, quantization_config: null, pruned_heads: {}, xla_device: true }],
  [everyone, { is_encoder_decoder: false, tie_encoder_decoder: false, output_attentions: true }],
  // What transformers 2 called it, as in nlpaueb/legal-bert and RoBERTa of 2020; bookkeeping of skt/kogpt2-base-v2.
  [everyone, { eos_token_ids: 0, finetuning_task: null, output_past: true }],
  [everyone, { author: "A", created_date: "2021-04-28", license: "CC-BY-NC-SA 4.0" }],
  [everyone, { _flash_attn_2_enabled: true }],
  [
    everyone,
    { max_new_tokens: 20, cache_implementation: "static", epsilon_cutoff: 0.1, model_max_length: 512 },
  ],
  [
    everyone,
    { max_seq_length: 128, predict_special_tokens: true, use_return_dict: true, task_specific_params: {} },
  ],
  [[...encoders, "gpt2"], { add_cross_attention: false }],
  [
    encoders,
    { is_decoder: false, position_embedding_type: "absolute", pooler_type: "first_token_transform" },
  ],
  [["bert", "electra", "distilbert", "gpt2", "opt", ...llamas], { pad_token_id: -1 }],
  [["bert", "electra", "distilbert", "gpt2", "opt", ...llamas], { pad_token_id: null }],
  [["bert", "electra", "distilbert", "gpt2", "opt", ...llamas], { pad_token_id: 128_004 }],
  [llamas, { rope_scaling: null }],
  [llamas, { rope_scaling: {} }],
  [llamas, { rope_theta: 10_000, rope_scaling: { type: "default" } }],
  [llamas, { rope_parameters: { rope_type: "default", ...theta } }],
  [
    llamas,
    { ...theta, rope_parameters: { rope_type: "default", ...theta }, rope_scaling: { type: "default" } },
  ],
  [llamas, { rope_theta: 7, rope_parameters: { rope_type: "default", ...theta } }],
  [llamas, { rope_parameters: { rope_type: "default", original_max_position_embeddings: 32, ...theta } }],
  [llamas, { rope_parameters: { rope_type: "linear", factor: 1, original_max_position_embeddings: 32 } }],
  [llamas, { rope_parameters: { rope_type: "dynamic", factor: 4 } }],
  [llamas, { partial_rotary_factor: 1, rope_interleaved: false }],
  [llamas, { layer_types: full }],
  [llamas, { use_sliding_window: false, max_window_layers: 28 }],
  [llamas, { sliding_window: null }],
  [["qwen2", "qwen3"], { use_sliding_window: false, sliding_window: 4 }],
  [["llama", "mistral", "qwen2"], { head_dim: null }],
  [llamas, { head_dim: 2, pretraining_tp: 4 }],
  [["llama", "mistral", "qwen3"], { attention_bias: false }],
  [["qwen2"], { attention_bias: true }],
  [llamas, { mlp_bias: false }],
  [["distilbert"], { hidden_size: 24, num_attention_heads: 12, num_hidden_layers: 2 }],
  [["gpt2"], { hidden_size: 24, num_attention_heads: 12, num_hidden_layers: 2, max_position_embeddings: 16 }],
  [["gpt2"], { n_ctx: 1024, n_inner: null, activation_function: null }],
];

describe("facts without effect change nothing", () => {
  for (const [names, change] of taken) {
    test(`${names.length === everyone.length ? "all" : names.join(", ")}: ${JSON.stringify(change)}`, () => {
      for (const name of names) {
        expect(facts(describeModel({ ...bases[name], ...change })), name).toEqual(
          facts(describeModel(bases[name] ?? {})),
        );
      }
    });
  }
});

test("a second name of a field stands for it", () => {
  const { n_embd: width, ...rest } = bases["gpt2"] ?? {};
  expect(facts(describeModel({ ...rest, hidden_size: width }))).toEqual(
    facts(describeModel(bases["gpt2"] ?? {})),
  );
  const { dim, ...others } = bases["distilbert"] ?? {};
  expect(facts(describeModel({ ...others, hidden_size: dim }))).toEqual(
    facts(describeModel(bases["distilbert"] ?? {})),
  );
});

/** What transformers 4.57 and 5.24 take for an absent field, read out of their config classes. */
const defaults: Readonly<Record<string, Config>> = {
  bert: {
    hidden_size: 768,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    num_attention_heads: 12,
    num_hidden_layers: 12,
    type_vocab_size: 2,
    vocab_size: 30522,
    pad_token_id: 0,
    hidden_act: "gelu",
    tie_word_embeddings: true,
  },
  roberta: { vocab_size: 50265, pad_token_id: 1, layer_norm_eps: 1e-12, max_position_embeddings: 512 },
  "xlm-roberta": { vocab_size: 30522, pad_token_id: 1, layer_norm_eps: 1e-12, type_vocab_size: 2 },
  camembert: { vocab_size: 30522, pad_token_id: 1, layer_norm_eps: 1e-12, type_vocab_size: 2 },
  electra: { embedding_size: 128, hidden_size: 256, intermediate_size: 1024, num_attention_heads: 4 },
  distilbert: { dim: 768, hidden_dim: 3072, n_layers: 6, n_heads: 12, max_position_embeddings: 512 },
  gpt2: {
    n_positions: 1024,
    n_embd: 768,
    n_layer: 12,
    n_head: 12,
    layer_norm_epsilon: 1e-5,
    vocab_size: 50257,
  },
  opt: {
    ffn_dim: 3072,
    max_position_embeddings: 2048,
    vocab_size: 50272,
    enable_bias: true,
    hidden_size: 768,
  },
  llama: {
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    intermediate_size: 11008,
    tie_word_embeddings: false,
  },
  mistral: {
    max_position_embeddings: 131072,
    intermediate_size: 14336,
    num_key_value_heads: 8,
    sliding_window: 4096,
  },
  qwen2: {
    max_position_embeddings: 32768,
    num_key_value_heads: 32,
    max_window_layers: 28,
    vocab_size: 151936,
  },
  qwen3: { head_dim: 128, num_key_value_heads: 32, max_position_embeddings: 32768, rope_theta: 10_000 },
};

describe("an absent field is transformers' default", () => {
  for (const [name, values] of Object.entries(defaults)) {
    for (const [field, value] of Object.entries(values)) {
      test(`${name}: ${field} ${String(value)}`, () => {
        // Wide enough that the default of any one size goes with the others.
        const wide = name === "electra" || !encoders.includes(name) ? {} : { hidden_size: 768 };
        const plain = { ...bases[name], ...wide };
        const absent = describeModel({ ...plain, [field]: undefined });
        expect(facts(absent)).toEqual(facts(describeModel({ ...plain, [field]: value })));
      });
    }
  }

  test("a window that is absent is not one that is null", () => {
    const long = { ...bases["mistral"], max_position_embeddings: 131072 };
    expect(describeModel(long).maximumTokens).toBe(4096);
    expect(describeModel({ ...long, sliding_window: null }).maximumTokens).toBe(131072);
    const qwen = { ...bases["qwen2"], max_position_embeddings: 131072, use_sliding_window: true };
    expect(describeModel(qwen).maximumTokens).toBe(131072);
    expect(describeModel({ ...qwen, num_hidden_layers: 29 }).maximumTokens).toBe(4096);
  });

  test("the original length of llama3 and yarn is the model's own", () => {
    const scaled = {
      llama3: { factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
      yarn: { factor: 4 },
    };
    for (const [type, parameters] of Object.entries(scaled)) {
      const absent = { rope_parameters: { rope_type: type, ...parameters } };
      const given = { rope_parameters: { ...absent.rope_parameters, original_max_position_embeddings: 64 } };
      expect(facts(describeModel({ ...bases["llama"], ...absent }))).toEqual(
        facts(describeModel({ ...bases["llama"], ...given })),
      );
    }
  });
});

const influential: readonly (readonly [architectures: readonly string[], change: Config])[] = [
  [everyone, { alibi: true }],
  [everyone, { use_qk_norm: true }],
  [everyone, { final_logit_softcapping: 30 }],
  [everyone, { per_layer_config: { 0: { hidden_size: 8 } } }],
  [everyone, { adapters: { adapters: {} } }],
  [everyone, { num_local_experts: 8 }],
  [everyone, { quantization_config: { quant_method: "gptq" } }],
  [llamas, { embedding_multiplier: 12 }],
  [llamas, { residual_multiplier: 0.2, logits_scaling: 8 }],
  [llamas, { no_rope_layers: [1, 0] }],
  [llamas, { rope_scaling: { type: "linear", factor: 2 }, rope_parameters: { rope_type: "default" } }],
  [llamas, { rope_parameters: { rope_type: "default", mrope_section: [1, 1] } }],
  [["opt"], { scale_embeddings: true }],
  [["gpt2"], { multi_query: true }],
  [["xlm-roberta", "camembert"], { pre_norm: true }],
];

describe("a field with influence is refused by its name", () => {
  for (const [names, change] of influential) {
    test(`${names.length === everyone.length ? "all" : names.join(", ")}: ${JSON.stringify(change)}`, () => {
      for (const name of names) {
        expect(() => describeModel({ ...bases[name], ...change }), name).toThrow(
          expect.objectContaining({
            code: "config-field-unsupported",
            message: expect.stringMatching(/^config\.json: [a-z_.]+ is /u) as string,
          }) as Error,
        );
      }
    });
  }

  test("networks of other names are not taken for RoBERTa", () => {
    for (const name of [
      "xlm-roberta-xl",
      "XLM-RoBERTa",
      "roberta-prelayernorm",
      "xlm",
      "flaubert",
      "data2vec-text",
    ]) {
      expect(() => describeModel({ ...bases["roberta"], model_type: name })).toThrow(
        expect.objectContaining({ code: "unknown-architecture" }) as Error,
      );
    }
  });
});
