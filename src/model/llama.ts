import type { BlockShape } from "./block.js";
import { type Config, ConfigReader } from "./config.js";
import { type DecoderSpec, describeDecoder } from "./decoder.js";
import type { Architecture } from "./description.js";
import { irrelevantFields } from "./irrelevant-fields.js";
import { activations } from "./layers.js";
import type { Module, Modules } from "./modules.js";
import { readRotary } from "./rotary.js";

/**
 * The Llama family: pre-norm with RMSNorm, rotary positions, keys and values shared by groups of heads, a gated
 * feed-forward layer. Its members differ in which layers have a bias, in norms on queries and keys, and in what
 * the config leaves out; that difference is the {@link Dialect}.
 *
 * Source: Touvron et al. 2023 (arXiv 2302.13971 and 2307.09288), Jiang et al. 2023 (arXiv 2310.06825), Qwen2
 * (arXiv 2407.10671), Qwen3 (arXiv 2505.09388); names and conventions as Hugging Face transformers has them.
 */
interface Dialect {
  readonly modelType: "llama" | "mistral" | "qwen2" | "qwen3";
  /** Biases of queries, keys and values. */
  readonly attentionBias: "config" | "always" | "never";
  /** Whether the output projection has a bias when queries, keys and values have. */
  readonly outputBias: boolean;
  readonly feedBias: "config" | "never";
  /** RMSNorm on each head's queries and keys. */
  readonly headNorms: boolean;
  /** What transformers takes for an absent field. */
  readonly defaults: Config;
  readonly window: "none" | "all-layers" | "some-layers";
}

/** As in transformers 4.57 and 5.24; 4.30 has those of Llama. */
const llamaDefaults: Config = {
  hidden_size: 4096,
  intermediate_size: 11008,
  max_position_embeddings: 2048,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  rms_norm_eps: 1e-6,
  vocab_size: 32000,
};

const qwenDefaults: Config = {
  ...llamaDefaults,
  intermediate_size: 22016,
  max_position_embeddings: 32768,
  max_window_layers: 28,
  num_key_value_heads: 32,
  sliding_window: 4096,
  vocab_size: 151936,
};

/** `model_type: "llama"`: Llama 1 to 3.3, SmolLM2, and many others. */
export const llama: Architecture = architecture({
  modelType: "llama",
  attentionBias: "config",
  outputBias: true,
  feedBias: "config",
  headNorms: false,
  defaults: llamaDefaults,
  window: "none",
});

/** `model_type: "mistral"`. */
export const mistral: Architecture = architecture({
  modelType: "mistral",
  attentionBias: "never",
  outputBias: false,
  feedBias: "never",
  headNorms: false,
  defaults: {
    ...llamaDefaults,
    intermediate_size: 14336,
    max_position_embeddings: 131072,
    num_key_value_heads: 8,
    sliding_window: 4096,
  },
  window: "all-layers",
});

/** `model_type: "qwen2"`: Qwen2 and Qwen2.5. */
export const qwen2: Architecture = architecture({
  modelType: "qwen2",
  attentionBias: "always",
  outputBias: false,
  feedBias: "never",
  headNorms: false,
  defaults: qwenDefaults,
  window: "some-layers",
});

/** `model_type: "qwen3"`, the dense ones. */
export const qwen3: Architecture = architecture({
  modelType: "qwen3",
  attentionBias: "config",
  outputBias: true,
  feedBias: "never",
  headNorms: true,
  defaults: { ...qwenDefaults, head_dim: 128 },
  window: "some-layers",
});

function architecture(dialect: Dialect): Architecture {
  return {
    name: dialect.modelType,
    modelType: dialect.modelType,
    describe: (config, tensorNames) =>
      describeDecoder(readSpec(dialect, new ConfigReader(config, dialect), tensorNames)),
  };
}

const names = {
  word: "model.embed_tokens",
  position: "",
  projectIn: "",
  projectOut: "",
  block: "model.layers",
  norm: "model.norm",
  decoder: "lm_head",
};

function readSpec(
  dialect: Dialect,
  config: ConfigReader,
  tensorNames: ReadonlySet<string> | undefined,
): DecoderSpec {
  config.require("is_encoder_decoder", false);
  config.require("pruned_heads", {});
  config.require("use_mrope", false);
  const block = readBlock(dialect, config);
  const positions = config.size("max_position_embeddings");
  const layers = config.layers("num_hidden_layers", tensorNames);
  const vocabulary = config.size("vocab_size");
  const spec: DecoderSpec = {
    architecture: dialect.modelType,
    layers,
    vocabulary,
    maximumTokens: Math.min(positions, readWindow(dialect, config, layers)),
    padTokenId: config.paddingId(vocabulary),
    tied: config.flag("tie_word_embeddings", false),
    embedding: block.hidden,
    block: () => block,
    rotary: readRotary(config, block.headSize, positions),
    finalNorm: "learned",
    names,
  };
  config.refuseUnread(irrelevantFields);
  return spec;
}

/**
 * The sliding window, the most tokens for which it hides nothing; longer inputs are refused, so no window is ever
 * computed. Infinity where there is none.
 */
function readWindow({ window }: Dialect, config: ConfigReader, layers: number): number {
  const some = window === "some-layers";
  if (!some) config.require("use_sliding_window", false);
  const used = some && config.flag("use_sliding_window", false);
  const types = readLayerTypes(config, layers, used);
  const first = config.size("max_window_layers", 0, layers);
  if (window === "none") return Infinity;
  const size = config.has("sliding_window") ? config.size("sliding_window") : Infinity;
  if (!some) return size;
  const sliding = types?.some((type) => type !== fullAttention) ?? first < layers;
  return used && sliding ? size : Infinity;
}

const fullAttention = "full_attention";

/** One type a layer; sliding ones where they are `used`. */
function readLayerTypes(config: ConfigReader, layers: number, used: boolean): readonly string[] | undefined {
  const types = config.strings("layer_types");
  const known = [fullAttention, ...(used ? ["sliding_attention"] : [])];
  if (types !== undefined && (types.length !== layers || types.some((type) => !known.includes(type)))) {
    throw config.refusal("layer_types", `${layers} of ${known.join(", ")}`);
  }
  return types;
}

function readBlock(dialect: Dialect, config: ConfigReader): BlockShape {
  const hidden = config.size("hidden_size");
  const heads = config.size("num_attention_heads");
  const keyValueHeads = config.size("num_key_value_heads", 1, heads);
  if (heads % keyValueHeads !== 0) {
    throw config.refusal("num_key_value_heads", `a divisor of num_attention_heads ${heads}`);
  }
  const headSize = config.size("head_dim", 1, divided(config, hidden, heads));
  return {
    hidden,
    heads,
    keyValueHeads,
    headSize,
    scale: 1 / Math.sqrt(headSize),
    causal: true,
    rotary: true,
    norm: { kind: "rms", epsilon: config.positive("rms_norm_eps") },
    normFirst: true,
    activation: config.choice("hidden_act", activations, "silu"),
    modules: modules(dialect, config, { hidden, heads, keyValueHeads, headSize }),
  };
}

/** hidden / heads, or undefined, which makes `head_dim` a required field, where that is no whole number. */
function divided(config: ConfigReader, hidden: number, heads: number): number | undefined {
  if (hidden % heads === 0) return hidden / heads;
  if (config.has("head_dim")) return undefined;
  throw config.refusal("num_attention_heads", `a divisor of hidden_size ${hidden}`);
}

/** Whether there are biases; a field that says what is fixed anyway is taken, one that contradicts it refused. */
function readBias(config: ConfigReader, field: string, fixed: Dialect["attentionBias"]): boolean {
  if (fixed === "config") return config.flag(field, false);
  config.require(field, fixed === "always");
  return fixed === "always";
}

function modules(
  dialect: Dialect,
  config: ConfigReader,
  sizes: Pick<BlockShape, "hidden" | "heads" | "keyValueHeads" | "headSize">,
): Modules {
  const { hidden, heads, keyValueHeads, headSize } = sizes;
  const intermediate = config.size("intermediate_size");
  const attentionBias = readBias(config, "attention_bias", dialect.attentionBias);
  const feedBias = readBias(config, "mlp_bias", dialect.feedBias);
  const norm = (name: string, size: number): Module => ({ name, shape: [size], bias: false });
  const linear = (name: string, out: number, width: number, bias: boolean): Module => ({
    name,
    shape: [out, width],
    bias,
  });
  const headNorms: [string, Module][] = [
    ["query_norm", norm("self_attn.q_norm", headSize)],
    ["key_norm", norm("self_attn.k_norm", headSize)],
  ];
  return new Map([
    ["attention_norm", norm("input_layernorm", hidden)],
    ["query", linear("self_attn.q_proj", heads * headSize, hidden, attentionBias)],
    ["key", linear("self_attn.k_proj", keyValueHeads * headSize, hidden, attentionBias)],
    ["value", linear("self_attn.v_proj", keyValueHeads * headSize, hidden, attentionBias)],
    ...(dialect.headNorms ? headNorms : []),
    ["attended", linear("self_attn.o_proj", hidden, heads * headSize, attentionBias && dialect.outputBias)],
    ["feed_norm", norm("post_attention_layernorm", hidden)],
    ["gate", linear("mlp.gate_proj", intermediate, hidden, feedBias)],
    ["up", linear("mlp.up_proj", intermediate, hidden, feedBias)],
    ["down", linear("mlp.down_proj", hidden, intermediate, feedBias)],
  ]);
}
