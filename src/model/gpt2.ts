import type { BlockShape } from "./block.js";
import { type Config, ConfigReader } from "./config.js";
import { type DecoderSpec, describeDecoder } from "./decoder.js";
import type { Architecture } from "./description.js";
import { irrelevantFields } from "./irrelevant-fields.js";
import { activations } from "./layers.js";
import type { Module, Modules } from "./modules.js";

/**
 * `model_type: "gpt2"` with a language-model head: pre-norm, learned positions, one joint layer for queries, keys
 * and values, weights stored as [in, out].
 *
 * Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"; names and conventions as
 * Hugging Face transformers has them.
 */
export const gpt2: Architecture = {
  name: "gpt2",
  modelType: "gpt2",
  describe: (config, tensorNames) =>
    describeDecoder(
      readSpec(new ConfigReader(config, { defaults, otherNames }), prefixOf(tensorNames), tensorNames),
    ),
};

/** What transformers takes for an absent field, as in 4.30, 4.57 and 5.24. */
const defaults: Config = {
  layer_norm_epsilon: 1e-5,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1024,
  vocab_size: 50257,
};

/** Names under which transformers' config class also takes a field. */
const otherNames = {
  hidden_size: "n_embd",
  max_position_embeddings: "n_positions",
  num_attention_heads: "n_head",
  num_hidden_layers: "n_layer",
};

/** The checkpoints on the hub were saved without their head, and so without this prefix. */
function prefixOf(tensorNames: ReadonlySet<string> | undefined): string {
  return tensorNames?.has("wte.weight") === true ? "" : "transformer.";
}

function readSpec(
  config: ConfigReader,
  prefix: string,
  tensorNames: ReadonlySet<string> | undefined,
): DecoderSpec {
  config.require("add_cross_attention", false);
  config.require("is_encoder_decoder", false);
  config.require("pruned_heads", {});
  const positions = config.size("n_positions");
  const block = readBlock(config);
  const byLayer = config.flag("scale_attn_by_inverse_layer_idx", false);
  const vocabulary = config.size("vocab_size");
  const spec: DecoderSpec = {
    architecture: "gpt2",
    layers: config.layers("n_layer", tensorNames),
    vocabulary,
    maximumTokens: positions,
    padTokenId: config.paddingId(vocabulary),
    tied: config.flag("tie_word_embeddings", true),
    embedding: block.hidden,
    block: (layer) => (byLayer ? { ...block, scale: block.scale / (layer + 1) } : block),
    positions: { rows: positions, first: 0 },
    finalNorm: "learned",
    omittedPrefix: prefix === "" ? "transformer." : "",
    names: {
      word: `${prefix}wte`,
      position: `${prefix}wpe`,
      projectIn: "",
      projectOut: "",
      block: `${prefix}h`,
      norm: `${prefix}ln_f`,
      decoder: "lm_head",
    },
  };
  config.refuseUnread(irrelevantFields);
  return spec;
}

function readBlock(config: ConfigReader): BlockShape {
  const hidden = config.size("n_embd");
  const heads = config.size("n_head");
  if (hidden % heads !== 0) throw config.refusal("n_head", `a divisor of n_embd ${hidden}`);
  const headSize = hidden / heads;
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize,
    scale: config.flag("scale_attn_weights", true) ? 1 / Math.sqrt(headSize) : 1,
    causal: true,
    rotary: false,
    norm: { kind: "layer", epsilon: config.positive("layer_norm_epsilon") },
    normFirst: true,
    activation: config.choice("activation_function", activations, "gelu_new"),
    modules: modules(hidden, config.size("n_inner", 1, 4 * hidden)),
  };
}

function modules(hidden: number, intermediate: number): Modules {
  const norm = (name: string): Module => ({ name, shape: [hidden], bias: true });
  const conv = (name: string, shape: readonly number[]): Module => ({
    name,
    shape,
    bias: true,
    inputMajor: true,
  });
  return new Map([
    ["attention_norm", norm("ln_1")],
    ["joint", conv("attn.c_attn", [hidden, 3 * hidden])],
    ["attended", conv("attn.c_proj", [hidden, hidden])],
    ["feed_norm", norm("ln_2")],
    ["up", conv("mlp.c_fc", [hidden, intermediate])],
    ["down", conv("mlp.c_proj", [intermediate, hidden])],
  ]);
}
