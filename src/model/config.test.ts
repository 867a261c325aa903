import { describe, expect, test } from "vitest";

import { architectures, describeModel } from "./registry.js";

type Config = Readonly<Record<string, unknown>>;

const bert: Config = {
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: 12,
  intermediate_size: 16,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 16,
  num_attention_heads: 3,
  num_hidden_layers: 2,
  pad_token_id: 0,
  type_vocab_size: 2,
  vocab_size: 20,
};
const roberta: Config = { ...bert, model_type: "roberta", pad_token_id: 1 };
const xlmRoberta: Config = { ...roberta, model_type: "xlm-roberta" };
const camembert: Config = { ...roberta, model_type: "camembert" };
const electra: Config = { ...bert, model_type: "electra", embedding_size: 8 };
const distilbert: Config = {
  model_type: "distilbert",
  activation: "gelu",
  dim: 12,
  hidden_dim: 20,
  max_position_embeddings: 16,
  n_heads: 3,
  n_layers: 2,
  vocab_size: 20,
};
const gpt2: Config = {
  model_type: "gpt2",
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  n_embd: 12,
  n_head: 3,
  n_layer: 2,
  n_positions: 16,
  vocab_size: 20,
};
const opt: Config = {
  model_type: "opt",
  activation_function: "relu",
  ffn_dim: 20,
  hidden_size: 12,
  max_position_embeddings: 16,
  num_attention_heads: 3,
  num_hidden_layers: 2,
  vocab_size: 20,
};
const llama: Config = {
  model_type: "llama",
  hidden_act: "silu",
  hidden_size: 12,
  intermediate_size: 20,
  max_position_embeddings: 64,
  num_attention_heads: 6,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  vocab_size: 20,
};
const mistral: Config = { ...llama, model_type: "mistral" };
const qwen2: Config = { ...llama, model_type: "qwen2" };
const qwen3: Config = { ...llama, model_type: "qwen3", head_dim: 4 };
const all = {
  bert,
  roberta,
  "xlm-roberta": xlmRoberta,
  camembert,
  distilbert,
  electra,
  gpt2,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
};

const rope = (parameters: Config): Config => ({ rope_parameters: { rope_theta: 1e4, ...parameters } });
const llama3 = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 32,
};
const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 16 };

test("every architecture of the registry has a config here, and it is accepted", () => {
  expect(Object.keys(all).sort()).toEqual(architectures.map(({ name }) => name).sort());
  for (const [name, config] of Object.entries(all)) {
    expect(describeModel(config).architecture, name).toBe(name);
  }
});

describe("a field that is not understood is refused by its name", () => {
  const refusals: readonly (readonly [config: Config, change: Config, field?: string])[] = [
    ...Object.values(all).flatMap((config) => [
      [config, { quantization_config: { bits: 4 } }] as const,
      [config, { auto_map: { AutoModelForCausalLM: "modeling.py" } }] as const,
      [config, { attention_softcap: 30 }] as const,
      [config, { vocab_size: 0 }] as const,
      [config, { vocab_size: "20" }] as const,
      [config, { pruned_heads: { 0: [1] } }] as const,
      [config, { is_encoder_decoder: true }] as const,
      [config, { tie_word_embeddings: "yes" }] as const,
    ]),
    ...[bert, roberta, xlmRoberta, camembert, electra].flatMap((config) => [
      [config, { position_embedding_type: "relative_key" }] as const,
      [config, { is_decoder: true }] as const,
      [config, { add_cross_attention: true }] as const,
      [config, { hidden_act: "mish" }] as const,
      [config, { num_attention_heads: 5 }] as const,
      [config, { layer_norm_eps: 0 }] as const,
      [config, { embeddings_scale: 2 }] as const,
    ]),
    [electra, { embedding_size: 1.5 }],
    [distilbert, { activation: "mish" }],
    [distilbert, { n_heads: 5 }],
    [gpt2, { add_cross_attention: true }],
    [gpt2, { activation_function: "xielu" }],
    [gpt2, { n_head: 5 }],
    [gpt2, { scale_attn_weights: 1 }],
    [opt, { activation_function: "mish" }],
    [opt, { num_attention_heads: 5 }],
    [opt, { enable_bias: "no" }],
    [llama, { hidden_act: "mish" }],
    [llama, { num_key_value_heads: 4 }],
    [llama, { num_attention_heads: 5, num_key_value_heads: 5 }],
    [llama, { head_dim: 3 }],
    [llama, { sliding_window: 4096 }],
    [llama, { rope_interleaved: true }],
    [llama, { partial_rotary_factor: 0.5 }],
    [llama, { rope_theta: -1 }],
    [llama, { rope_scaling: "linear" }],
    [
      llama,
      rope({ rope_type: "longrope", short_factor: [1], long_factor: [1] }),
      "rope_parameters.rope_type",
    ],
    [llama, rope({ rope_type: "proportional" }), "rope_parameters.rope_type"],
    [
      llama,
      rope({ rope_type: "default", partial_rotary_factor: 0.25 }),
      "rope_parameters.partial_rotary_factor",
    ],
    [llama, rope({ rope_type: "linear", factor: 2, low_freq_factor: 1 }), "rope_parameters.low_freq_factor"],
    [llama, rope({ rope_type: "linear", factor: 0 }), "rope_parameters.factor"],
    [llama, rope({ ...llama3, high_freq_factor: 1 }), "rope_parameters.high_freq_factor"],
    [llama, rope({ ...yarn, attention_factor: -1 }), "rope_parameters.attention_factor"],
    [llama, rope({ ...yarn, mrope_section: [1, 1] }), "rope_parameters.mrope_section"],
    [llama, { rope_scaling: { type: "ntk", factor: 2 } }, "rope_scaling.type"],
    [llama, { rope_scaling: { ...yarn, type: "linear" } }, "rope_scaling.type"],
    [
      llama,
      { rope_scaling: { type: "linear", factor: 2 }, ...rope({ rope_type: "default" }) },
      "rope_scaling",
    ],
    [mistral, { sliding_window: 0 }],
    [mistral, { attention_bias: true }],
    [mistral, { layer_types: ["full_attention", "sliding_attention"] }],
    [llama, { layer_types: ["full_attention"] }],
    [llama, { use_sliding_window: true }],
    [mistral, { use_sliding_window: true }],
    [mistral, { mlp_bias: true }],
    ...[roberta, xlmRoberta, camembert].flatMap((config) => [
      [config, { pad_token_id: -1 }] as const,
      [config, { pad_token_id: 20 }] as const,
      [config, { max_position_embeddings: 2 }] as const,
    ]),
    [distilbert, { hidden_size: 24 }],
    [gpt2, { num_hidden_layers: 3 }],
    [gpt2, { pad_token_id: "0" }],
    [llama, { pad_token_id: 0.5 }],
    [qwen2, { attention_bias: false }],
    [qwen2, { layer_types: ["full_attention"] }],
    [qwen2, { layer_types: ["full_attention", "linear_attention"] }],
    [qwen2, { layer_types: ["full_attention", "sliding_attention"] }],
    [qwen3, { mlp_bias: true }],
    [qwen3, { num_experts: 8 }],
  ];
  for (const [config, change, field = Object.keys(change)[0]!] of refusals) {
    test(`${String(config["model_type"])}: ${JSON.stringify(change)}`, () => {
      expect(() => describeModel({ ...config, ...change })).toThrow(
        expect.objectContaining({ code: "config-field-unsupported" }) as Error,
      );
      expect(() => describeModel({ ...config, ...change })).toThrow(`config.json: ${field} is `);
    });
  }
});

describe("a field that is null where transformers has no null is refused by its name", () => {
  const required: readonly (readonly [Config, readonly string[]])[] = [
    [bert, ["hidden_size", "num_attention_heads", "layer_norm_eps", "type_vocab_size", "vocab_size"]],
    [roberta, ["pad_token_id"]],
    [electra, ["embedding_size"]],
    [distilbert, ["dim", "hidden_dim", "n_heads", "n_layers"]],
    [gpt2, ["n_embd", "n_positions", "layer_norm_epsilon"]],
    [opt, ["ffn_dim", "hidden_size"]],
    [llama, ["rms_norm_eps", "intermediate_size", "max_position_embeddings"]],
  ];
  for (const [config, fields] of required) {
    for (const field of fields) {
      test(`${String(config["model_type"])}: ${field}`, () => {
        expect(() => describeModel({ ...config, [field]: null })).toThrow(
          expect.objectContaining({ code: "config-field-missing", value: field }) as Error,
        );
      });
    }
  }
  test("llama3 and yarn: the original length, by its place", () => {
    for (const parameters of [llama3, yarn]) {
      const change = rope({ ...parameters, original_max_position_embeddings: null });
      expect(() => describeModel({ ...llama, ...change })).toThrow(
        expect.objectContaining({ value: "rope_parameters.original_max_position_embeddings" }) as Error,
      );
    }
  });
});

test("settings of training, generation and other heads change nothing", () => {
  const idle = {
    architectures: ["X"],
    dtype: "bfloat16",
    attention_dropout: 0.5,
    chunk_size_feed_forward: 4,
    id2label: { 0: "a" },
    temperature: 0.3,
    use_cache: false,
    transformers_version: "5.23.0",
    something_unset: null,
  };
  for (const [name, config] of Object.entries(all)) {
    const [plain, busy] = [describeModel(config), describeModel({ ...config, ...idle })];
    expect([...busy.tensors], name).toEqual([...plain.tensors]);
    const keys = (model: typeof plain) =>
      model.stages({ kind: "all-logits" }).map(({ program }) => program.key);
    expect(keys(busy), name).toEqual(keys(plain));
  }
});

test("a sliding window bounds the input where a layer has it, so that it never hides anything", () => {
  const limit = (config: Config): number => describeModel(config).maximumTokens;
  expect(limit(mistral)).toBe(64);
  expect(limit({ ...mistral, sliding_window: null })).toBe(64);
  expect(limit({ ...mistral, sliding_window: 4096 })).toBe(64);
  expect(limit({ ...mistral, sliding_window: 8 })).toBe(8);
  for (const qwen of [qwen2, qwen3]) {
    const sliding = { ...qwen, use_sliding_window: true, sliding_window: 8 };
    expect(limit({ ...qwen, sliding_window: 8, max_window_layers: 0 })).toBe(64);
    expect(limit({ ...sliding, max_window_layers: 28 })).toBe(64);
    expect(limit({ ...sliding, max_window_layers: 1 })).toBe(8);
    expect(limit({ ...sliding, layer_types: ["full_attention", "full_attention"] })).toBe(64);
    expect(limit({ ...sliding, layer_types: ["full_attention", "sliding_attention"] })).toBe(8);
  }
});

test("positions that a table does not have are not offered", () => {
  expect(describeModel(bert).maximumTokens).toBe(16);
  expect(describeModel(roberta).maximumTokens).toBe(14);
  expect(describeModel(gpt2).maximumTokens).toBe(16);
  expect(describeModel(opt).maximumTokens).toBe(16);
  expect(describeModel(opt).tensors.get("model.decoder.embed_positions.weight")).toEqual([18, 12]);
});

test("what transformers assumes for an absent field", () => {
  const shape = (config: Config, name: string) => describeModel(config).tensors.get(name);
  const key = "model.layers.0.self_attn.k_proj.weight";
  expect(shape({ ...llama, num_key_value_heads: undefined }, key)).toEqual([12, 12]);
  expect(shape({ ...qwen3, head_dim: undefined }, key)).toEqual([256, 12]);
  expect(shape(llama, "lm_head.weight")).toEqual([20, 12]);
  expect(shape(gpt2, "lm_head.weight")).toBeUndefined();
  expect(shape(gpt2, "transformer.h.0.mlp.c_fc.weight")).toEqual([12, 48]);
  expect(shape({ ...gpt2, n_inner: 7 }, "transformer.h.0.mlp.c_fc.weight")).toEqual([12, 7]);
});

test("checkpoints that were saved without the prefix of their base model", () => {
  const bare = describeModel(gpt2, new Set(["wte.weight", "h.0.ln_1.weight"]));
  const whole = describeModel(gpt2, new Set(["transformer.wte.weight"]));
  expect([...bare.tensors.keys()].map((name) => `transformer.${name}`)).toEqual([...whole.tensors.keys()]);
  const bareOpt = describeModel(opt, new Set(["decoder.embed_tokens.weight"]));
  expect([...bareOpt.tensors.keys()].map((name) => `model.${name}`)).toEqual([
    ...describeModel(opt).tensors.keys(),
  ]);
});

test("the first BERT checkpoints call their norms' tensors gamma and beta", () => {
  const old = describeModel(bert, new Set(["bert.embeddings.LayerNorm.gamma"]));
  const renamed = [...old.tensors].map(([name, shape]) => [
    name.replace(/gamma$/u, "weight").replace(/beta$/u, "bias"),
    shape,
  ]);
  expect(renamed).toEqual([...describeModel(bert).tensors]);
  expect([...old.tensors.keys()].filter((name) => name.includes("LayerNorm")).length).toBe(12);
  expect([...old.tensors.keys()].filter((name) => /gamma|beta/u.test(name)).length).toBe(12);
  expect(old.headTensors).toContain("cls.predictions.transform.LayerNorm.gamma");
  const bound = old
    .stages({ kind: "all-logits" })
    .flatMap(({ weights }) => weights.map(({ tensor }) => tensor));
  expect(new Set(bound)).toEqual(new Set(old.tensors.keys()));
});
