import { ConfigReader } from "./config.js";
import type { Architecture } from "./description.js";
import { describeEncoder, encoderModules, type EncoderNames, type EncoderSpec } from "./encoder.js";
import { irrelevantFields } from "./irrelevant-fields.js";
import { type Activation, activations } from "./layers.js";

/**
 * BERT, RoBERTa and ELECTRA's generator with a masked-LM head.
 *
 * They differ in tensor names, in where positions start, in the width of the embeddings and in the head's
 * activation; that difference is the {@link Dialect}.
 *
 * Source: Devlin et al. 2019 (arXiv 1810.04805), Liu et al. 2019 (arXiv 1907.11692), Clark et al. 2020 (arXiv
 * 2003.10555); tensor names and conventions as Hugging Face transformers writes them.
 */
interface Dialect {
  readonly modelType: "bert" | "roberta" | "electra";
  readonly head: Pick<EncoderNames, "headDense" | "headNorm" | "decoder" | "decoderBias">;
  /** The head's activation where the config does not decide it. */
  readonly headActivation: Activation | "config";
  /** RoBERTa counts positions from the padding id + 1, and its position table is longer for it. */
  readonly positionsAfterPadding: boolean;
  /** ELECTRA's embeddings have a width of their own. */
  readonly embeddingSize: boolean;
}

/** `model_type: "bert"` with a masked-LM head. */
export const bert: Architecture = architecture({
  modelType: "bert",
  head: {
    headDense: "cls.predictions.transform.dense",
    headNorm: "cls.predictions.transform.LayerNorm",
    decoder: "cls.predictions.decoder",
    decoderBias: "cls.predictions.bias",
  },
  headActivation: "config",
  positionsAfterPadding: false,
  embeddingSize: false,
});

/** `model_type: "roberta"` with a masked-LM head. */
export const roberta: Architecture = architecture({
  modelType: "roberta",
  head: {
    headDense: "lm_head.dense",
    headNorm: "lm_head.layer_norm",
    decoder: "lm_head.decoder",
    decoderBias: "lm_head.bias",
  },
  headActivation: "gelu",
  positionsAfterPadding: true,
  embeddingSize: false,
});

/** `model_type: "electra"`, the generator: the discriminator has no masked-LM head. */
export const electra: Architecture = architecture({
  modelType: "electra",
  head: {
    headDense: "generator_predictions.dense",
    headNorm: "generator_predictions.LayerNorm",
    decoder: "generator_lm_head",
    decoderBias: "generator_lm_head.bias",
  },
  headActivation: "gelu",
  positionsAfterPadding: false,
  embeddingSize: true,
});

function architecture(dialect: Dialect): Architecture {
  return {
    name: dialect.modelType,
    modelType: dialect.modelType,
    describe: (config, tensorNames) => {
      // The first BERT checkpoints were converted from TensorFlow with its names for the norms.
      const oldNorms = tensorNames?.has(`${dialect.modelType}.embeddings.LayerNorm.gamma`) === true;
      return describeEncoder(readSpec(dialect, new ConfigReader(config), oldNorms));
    },
  };
}

const moduleNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  attended: "attention.output.dense",
  attention_norm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  feed_norm: "output.LayerNorm",
};

function readSpec(dialect: Dialect, config: ConfigReader, oldNorms: boolean): EncoderSpec {
  config.require("position_embedding_type", "absolute");
  config.require("is_decoder", false);
  config.require("is_encoder_decoder", false);
  config.require("add_cross_attention", false);
  config.require("pruned_heads", {});
  const activation = config.choice("hidden_act", activations, "gelu");
  const hidden = config.size("hidden_size");
  const heads = config.size("num_attention_heads");
  if (hidden % heads !== 0) throw config.refusal("num_attention_heads", `a divisor of hidden_size ${hidden}`);
  const intermediate = config.size("intermediate_size");
  const padTokenId = config.size("pad_token_id", 0, dialect.positionsAfterPadding ? undefined : 0);
  const spec: EncoderSpec = {
    architecture: dialect.modelType,
    layers: config.size("num_hidden_layers"),
    vocabulary: config.size("vocab_size"),
    positions: config.size("max_position_embeddings"),
    types: config.size("type_vocab_size"),
    padTokenId,
    firstPosition: dialect.positionsAfterPadding ? padTokenId + 1 : 0,
    tied: config.flag("tie_word_embeddings", true),
    embedding: dialect.embeddingSize ? config.size("embedding_size") : hidden,
    block: {
      hidden,
      heads,
      keyValueHeads: heads,
      headSize: hidden / heads,
      scale: 1 / Math.sqrt(hidden / heads),
      causal: false,
      rotary: false,
      norm: { kind: "layer", epsilon: config.positive("layer_norm_eps") },
      normFirst: false,
      activation,
      modules: encoderModules(hidden, intermediate, moduleNames, oldNorms),
    },
    headActivation: dialect.headActivation === "config" ? activation : dialect.headActivation,
    oldNorms,
    names: namesOf(dialect),
  };
  config.refuseUnread(irrelevantFields);
  return spec;
}

function namesOf({ modelType, head }: Dialect): EncoderNames {
  const embeddings = `${modelType}.embeddings`;
  return {
    word: `${embeddings}.word_embeddings`,
    position: `${embeddings}.position_embeddings`,
    type: `${embeddings}.token_type_embeddings`,
    embeddingNorm: `${embeddings}.LayerNorm`,
    embeddingProjection: `${modelType}.embeddings_project`,
    block: `${modelType}.encoder.layer`,
    ...head,
  };
}
