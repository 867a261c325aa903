import { type Config, ConfigReader } from "./config.js";
import type { Architecture } from "./description.js";
import { describeEncoder, encoderModules, type EncoderNames, type EncoderSpec, headBias } from "./encoder.js";
import { irrelevantFields } from "./irrelevant-fields.js";
import { type Activation, activations } from "./layers.js";

/**
 * BERT, RoBERTa with XLM-RoBERTa and CamemBERT, and ELECTRA's generator, with a masked-LM head.
 *
 * They differ in tensor names, in where positions start, in the width of the embeddings and in the head's
 * activation; that difference is the {@link Dialect}. XLM-RoBERTa and CamemBERT are RoBERTa's network, tensor names
 * included; what they are called differs.
 *
 * Source: Devlin et al. 2019 (arXiv 1810.04805), Liu et al. 2019 (arXiv 1907.11692), Clark et al. 2020 (arXiv
 * 2003.10555); tensor names and conventions as Hugging Face transformers writes them.
 */
interface Dialect {
  readonly modelType: "bert" | "roberta" | "xlm-roberta" | "camembert" | "electra";
  /** What its tensors' names begin with. */
  readonly prefix: "bert" | "roberta" | "electra";
  /** What transformers takes for an absent field. */
  readonly defaults: Config;
  readonly head: Pick<EncoderNames, "headDense" | "headNorm" | "decoder" | "decoderBias">;
  /** The head's activation where the config does not decide it. */
  readonly headActivation: Activation | "config";
  /** RoBERTa counts positions from the padding id + 1, and its position table is longer for it. */
  readonly positionsAfterPadding: boolean;
  /** ELECTRA's embeddings have a width of their own. */
  readonly embeddingSize: boolean;
}

/** As in transformers 4.30, 4.57 and 5.24. */
const bertDefaults: Config = {
  hidden_size: 768,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 0,
  type_vocab_size: 2,
  vocab_size: 30522,
};

/** `model_type: "bert"` with a masked-LM head. */
export const bert: Architecture = architecture({
  modelType: "bert",
  prefix: "bert",
  defaults: bertDefaults,
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

const robertaDialect = {
  prefix: "roberta",
  head: {
    headDense: "lm_head.dense",
    headNorm: "lm_head.layer_norm",
    decoder: "lm_head.decoder",
    decoderBias: "lm_head.bias",
  },
  headActivation: "gelu",
  positionsAfterPadding: true,
  embeddingSize: false,
} as const satisfies Partial<Dialect>;

/** `model_type: "roberta"` with a masked-LM head. */
export const roberta: Architecture = architecture({
  ...robertaDialect,
  modelType: "roberta",
  defaults: { ...bertDefaults, pad_token_id: 1, vocab_size: 50265 },
});

/** `model_type: "xlm-roberta"` with a masked-LM head; `xlm-roberta-xl` is another network. */
export const xlmRoberta: Architecture = architecture({
  ...robertaDialect,
  modelType: "xlm-roberta",
  defaults: { ...bertDefaults, pad_token_id: 1 },
});

/** `model_type: "camembert"` with a masked-LM head. */
export const camembert: Architecture = architecture({
  ...robertaDialect,
  modelType: "camembert",
  defaults: { ...bertDefaults, pad_token_id: 1 },
});

/** `model_type: "electra"`, the generator: the discriminator has no masked-LM head. */
export const electra: Architecture = architecture({
  modelType: "electra",
  prefix: "electra",
  defaults: {
    ...bertDefaults,
    embedding_size: 128,
    hidden_size: 256,
    intermediate_size: 1024,
    num_attention_heads: 4,
  },
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
      const oldNorms = tensorNames?.has(`${dialect.prefix}.embeddings.LayerNorm.gamma`) === true;
      return describeEncoder(readSpec(dialect, new ConfigReader(config, dialect), oldNorms, tensorNames));
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

function readSpec(
  dialect: Dialect,
  config: ConfigReader,
  oldNorms: boolean,
  tensorNames?: ReadonlySet<string>,
): EncoderSpec {
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
  const vocabulary = config.size("vocab_size");
  const padTokenId = config.paddingId(vocabulary, dialect.positionsAfterPadding);
  const firstPosition = dialect.positionsAfterPadding ? padTokenId + 1 : 0;
  const tied = config.flag("tie_word_embeddings", true);
  const spec: EncoderSpec = {
    architecture: dialect.modelType,
    layers: config.layers("num_hidden_layers", tensorNames),
    vocabulary,
    positions: config.size("max_position_embeddings", firstPosition + 1),
    types: config.size("type_vocab_size"),
    padTokenId,
    firstPosition,
    tied,
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
    names: headBias(namesOf(dialect), tied, tensorNames),
  };
  config.refuseUnread(irrelevantFields);
  return spec;
}

function namesOf({ prefix, head }: Dialect): EncoderNames {
  const embeddings = `${prefix}.embeddings`;
  return {
    word: `${embeddings}.word_embeddings`,
    position: `${embeddings}.position_embeddings`,
    type: `${embeddings}.token_type_embeddings`,
    embeddingNorm: `${embeddings}.LayerNorm`,
    embeddingProjection: `${prefix}.embeddings_project`,
    block: `${prefix}.encoder.layer`,
    ...head,
  };
}
