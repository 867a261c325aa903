import { type Config, ConfigReader } from "./config.js";
import type { Architecture } from "./description.js";
import { describeEncoder, encoderModules, type EncoderSpec } from "./encoder.js";
import { irrelevantFields } from "./irrelevant-fields.js";
import { activations } from "./layers.js";

/**
 * `model_type: "distilbert"` with a masked-LM head: BERT's block under other names, no segments, and an epsilon
 * that the config does not say.
 *
 * Source: Sanh et al. 2019 (arXiv 1910.01108), as Hugging Face transformers has it.
 */
export const distilbert: Architecture = {
  name: "distilbert",
  modelType: "distilbert",
  describe: (config, tensorNames) =>
    describeEncoder(readSpec(new ConfigReader(config, { defaults, otherNames }), tensorNames)),
};

/** What transformers takes for an absent field, as in 4.30, 4.57 and 5.24. */
const defaults: Config = {
  dim: 768,
  hidden_dim: 3072,
  max_position_embeddings: 512,
  n_heads: 12,
  n_layers: 6,
  vocab_size: 30522,
};

/** Names under which transformers' config class also takes a field. */
const otherNames = { hidden_size: "dim", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" };

/** Fixed in transformers' code. */
const layerNormEpsilon = 1e-12;

const moduleNames = {
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  attended: "attention.out_lin",
  attention_norm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  feed_norm: "output_layer_norm",
};

const names = {
  word: "distilbert.embeddings.word_embeddings",
  position: "distilbert.embeddings.position_embeddings",
  type: "",
  embeddingNorm: "distilbert.embeddings.LayerNorm",
  embeddingProjection: "",
  block: "distilbert.transformer.layer",
  headDense: "vocab_transform",
  headNorm: "vocab_layer_norm",
  decoder: "vocab_projector",
  decoderBias: "vocab_projector.bias",
};

function readSpec(config: ConfigReader, tensorNames: ReadonlySet<string> | undefined): EncoderSpec {
  config.require("is_decoder", false);
  config.require("is_encoder_decoder", false);
  config.require("add_cross_attention", false);
  config.require("pruned_heads", {});
  const activation = config.choice("activation", activations, "gelu");
  const hidden = config.size("dim");
  const heads = config.size("n_heads");
  if (hidden % heads !== 0) throw config.refusal("n_heads", `a divisor of dim ${hidden}`);
  const vocabulary = config.size("vocab_size");
  const spec: EncoderSpec = {
    architecture: "distilbert",
    layers: config.layers("n_layers", tensorNames),
    vocabulary,
    positions: config.size("max_position_embeddings"),
    types: 0,
    padTokenId: config.paddingId(vocabulary),
    firstPosition: 0,
    tied: config.flag("tie_word_embeddings", true),
    embedding: hidden,
    block: {
      hidden,
      heads,
      keyValueHeads: heads,
      headSize: hidden / heads,
      scale: 1 / Math.sqrt(hidden / heads),
      causal: false,
      rotary: false,
      norm: { kind: "layer", epsilon: layerNormEpsilon },
      normFirst: false,
      activation,
      modules: encoderModules(hidden, config.size("hidden_dim"), moduleNames, false),
    },
    headActivation: activation,
    oldNorms: false,
    names,
  };
  config.refuseUnread(irrelevantFields);
  return spec;
}
