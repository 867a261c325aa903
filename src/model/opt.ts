import type { BlockShape } from "./block.js";
import { type Config, ConfigReader } from "./config.js";
import { type DecoderSpec, describeDecoder } from "./decoder.js";
import type { Architecture } from "./description.js";
import { irrelevantFields } from "./irrelevant-fields.js";
import { activations } from "./layers.js";
import type { Module, Modules } from "./modules.js";

/**
 * `model_type: "opt"` with a language-model head: learned positions from row 2, norms before or after the residual
 * sums, and in OPT-350m an embedding narrower than the blocks, with a projection in and out.
 *
 * Source: Zhang et al. 2022 (arXiv 2205.01068); names and conventions as Hugging Face transformers has them.
 */
export const opt: Architecture = {
  name: "opt",
  modelType: "opt",
  describe: (config, tensorNames) =>
    describeDecoder(readSpec(new ConfigReader(config, { defaults }), prefixOf(tensorNames), tensorNames)),
};

/** What transformers takes for an absent field, as in 4.30, 4.57 and 5.24. */
const defaults: Config = {
  ffn_dim: 3072,
  hidden_size: 768,
  max_position_embeddings: 2048,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  vocab_size: 50272,
};

/** Row of the position table that the first token reads. */
const firstPosition = 2;
/** PyTorch's default, which transformers does not change for OPT. */
const layerNormEpsilon = 1e-5;

/** Some checkpoints were saved without their head, and so without this prefix. */
function prefixOf(tensorNames: ReadonlySet<string> | undefined): string {
  return tensorNames?.has("decoder.embed_tokens.weight") === true ? "decoder" : "model.decoder";
}

function readSpec(
  config: ConfigReader,
  prefix: string,
  tensorNames: ReadonlySet<string> | undefined,
): DecoderSpec {
  config.require("is_encoder_decoder", false);
  config.require("add_cross_attention", false);
  config.require("pruned_heads", {});
  const positions = config.size("max_position_embeddings");
  const affine = config.flag("layer_norm_elementwise_affine", true);
  const block = readBlock(config, affine);
  const removed = config.flag("_remove_final_layer_norm", false);
  const vocabulary = config.size("vocab_size");
  const spec: DecoderSpec = {
    architecture: "opt",
    layers: config.layers("num_hidden_layers", tensorNames),
    vocabulary,
    maximumTokens: positions,
    padTokenId: config.paddingId(vocabulary),
    tied: config.flag("tie_word_embeddings", true),
    embedding: config.size("word_embed_proj_dim", 1, block.hidden),
    block: () => block,
    positions: { rows: positions + firstPosition, first: firstPosition },
    finalNorm: !block.normFirst || removed ? "none" : affine ? "learned" : "plain",
    omittedPrefix: prefix === "decoder" ? "model." : "",
    names: {
      word: `${prefix}.embed_tokens`,
      position: `${prefix}.embed_positions`,
      projectIn: `${prefix}.project_in`,
      projectOut: `${prefix}.project_out`,
      block: `${prefix}.layers`,
      norm: `${prefix}.final_layer_norm`,
      decoder: "lm_head",
    },
  };
  config.refuseUnread(irrelevantFields);
  return spec;
}

function readBlock(config: ConfigReader, affine: boolean): BlockShape {
  const hidden = config.size("hidden_size");
  const heads = config.size("num_attention_heads");
  if (hidden % heads !== 0) throw config.refusal("num_attention_heads", `a divisor of hidden_size ${hidden}`);
  const headSize = hidden / heads;
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize,
    scale: 1 / Math.sqrt(headSize),
    causal: true,
    rotary: false,
    norm: { kind: "layer", epsilon: layerNormEpsilon },
    normFirst: config.flag("do_layer_norm_before", true),
    activation: config.choice("activation_function", activations, "relu"),
    modules: modules(hidden, config.size("ffn_dim"), config.flag("enable_bias", true), affine),
  };
}

function modules(hidden: number, intermediate: number, bias: boolean, affine: boolean): Modules {
  const norm = (stem: string, name: string): [string, Module][] =>
    affine ? [[stem, { name, shape: [hidden], bias: true }]] : [];
  const linear = (name: string, shape: readonly number[]): Module => ({ name, shape, bias });
  return new Map([
    ...norm("attention_norm", "self_attn_layer_norm"),
    ["query", linear("self_attn.q_proj", [hidden, hidden])],
    ["key", linear("self_attn.k_proj", [hidden, hidden])],
    ["value", linear("self_attn.v_proj", [hidden, hidden])],
    ["attended", linear("self_attn.out_proj", [hidden, hidden])],
    ...norm("feed_norm", "final_layer_norm"),
    ["up", linear("fc1", [intermediate, hidden])],
    ["down", linear("fc2", [hidden, intermediate])],
  ]);
}
