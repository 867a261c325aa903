import { ConfigReader } from "./config.js";
import type {
  Architecture,
  ModelDescription,
  ModelStage,
  Objective,
  Program,
  TokenBatch,
  WeightBinding,
} from "./description.js";
import { type Dimension, GraphBuilder, type Value } from "./graph.js";
import { activate, type Activation, activations, attention, layerNorm, linear } from "./layers.js";

/**
 * The BERT family of masked language models: post-norm encoder, learned absolute positions, a head of
 * dense, activation, layer norm and the (usually tied) vocabulary projection.
 *
 * BERT and RoBERTa differ in tensor names, in where positions start, and in the head's activation; that
 * difference is the {@link Dialect}.
 *
 * Source: Devlin et al. 2019 (arXiv 1810.04805), Liu et al. 2019 (arXiv 1907.11692); tensor names and
 * conventions as Hugging Face transformers writes them.
 */
interface Dialect {
  readonly name: string;
  readonly modelType: string;
  /** Prefix of the encoder's tensors. */
  readonly encoder: string;
  readonly head: {
    readonly dense: string;
    readonly norm: string;
    readonly bias: string;
    readonly decoder: string;
  };
  /** The head's activation where the config does not decide it. */
  readonly headActivation: Activation | "config";
  /** RoBERTa counts positions from the padding id + 1, and its position table is longer for it. */
  readonly positionsAfterPadding: boolean;
}

const bertDialect: Dialect = {
  name: "bert",
  modelType: "bert",
  encoder: "bert",
  head: {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
    decoder: "cls.predictions.decoder",
  },
  headActivation: "config",
  positionsAfterPadding: false,
};

const robertaDialect: Dialect = {
  name: "roberta",
  modelType: "roberta",
  encoder: "roberta",
  head: {
    dense: "lm_head.dense",
    norm: "lm_head.layer_norm",
    bias: "lm_head.bias",
    decoder: "lm_head.decoder",
  },
  headActivation: "gelu",
  positionsAfterPadding: true,
};

interface Sizes {
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly types: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly headActivation: Activation;
  readonly padTokenId: number;
  readonly tied: boolean;
}

/** `model_type: "bert"` with a masked-LM head. */
export const bert: Architecture = architecture(bertDialect);

/** `model_type: "roberta"` with a masked-LM head. */
export const roberta: Architecture = architecture(robertaDialect);

function architecture(dialect: Dialect): Architecture {
  return {
    name: dialect.name,
    modelType: dialect.modelType,
    describe: (config) => describe(dialect, readSizes(dialect, new ConfigReader(config))),
  };
}

function readSizes(dialect: Dialect, config: ConfigReader): Sizes {
  config.require("position_embedding_type", "absolute");
  config.require("is_decoder", false);
  config.require("add_cross_attention", false);
  const activation = config.choice("hidden_act", activations, "gelu");
  const hidden = config.size("hidden_size");
  const heads = config.size("num_attention_heads");
  if (hidden % heads !== 0) config.require("num_attention_heads", `a divisor of hidden_size ${hidden}`);
  return {
    hidden,
    heads,
    intermediate: config.size("intermediate_size"),
    layers: config.size("num_hidden_layers"),
    vocabulary: config.size("vocab_size"),
    positions: config.size("max_position_embeddings"),
    types: config.size("type_vocab_size"),
    epsilon: config.positive("layer_norm_eps"),
    activation,
    headActivation: dialect.headActivation === "config" ? activation : dialect.headActivation,
    padTokenId: config.size("pad_token_id", 0),
    tied: config.flag("tie_word_embeddings", true),
  };
}

function describe(dialect: Dialect, sizes: Sizes): ModelDescription {
  const names = tensorNames(dialect, sizes);
  const offset = dialect.positionsAfterPadding ? sizes.padTokenId + 1 : 0;
  return {
    architecture: dialect.name,
    kind: "masked-lm",
    hiddenSize: sizes.hidden,
    vocabularySize: sizes.vocabulary,
    maximumTokens: sizes.positions - offset,
    padTokenId: sizes.padTokenId,
    tensors: tensorShapes(dialect, sizes),
    tiedAliases: tiedAliases(dialect, sizes),
    blocks: Array.from({ length: sizes.layers }, (_, index) => `layer.${index}`),
    headTensors: [...parameter(dialect.head.dense), ...parameter(dialect.head.norm)],
    stages: (objective) => buildStages(dialect, sizes, names, objective),
    positionIds: (batch) => positionIds(batch, offset, sizes.padTokenId),
  };
}

/** Real tokens count up from `offset`; padding stays at the padding position, which nothing attends to. */
function positionIds(batch: TokenBatch, offset: number, padTokenId: number): Int32Array {
  const ids = new Int32Array(batch.records * batch.positions).fill(offset === 0 ? 0 : padTokenId);
  batch.lengths.forEach((length, record) => {
    for (let position = 0; position < length; position += 1) {
      ids[record * batch.positions + position] = position + offset;
    }
  });
  return ids;
}

const parameter = (name: string): [string, string] => [`${name}.weight`, `${name}.bias`];

interface TensorNames {
  readonly word: string;
  readonly decoder: string;
  readonly decoderBias: string;
}

function tensorNames(dialect: Dialect, sizes: Sizes): TensorNames {
  const word = `${dialect.encoder}.embeddings.word_embeddings.weight`;
  return {
    word,
    decoder: sizes.tied ? word : `${dialect.head.decoder}.weight`,
    decoderBias: dialect.head.bias,
  };
}

function tiedAliases(dialect: Dialect, sizes: Sizes): ReadonlyMap<string, string> {
  const { word, decoderBias } = tensorNames(dialect, sizes);
  const aliases = new Map([[`${dialect.head.decoder}.bias`, decoderBias]]);
  if (sizes.tied) aliases.set(`${dialect.head.decoder}.weight`, word);
  return aliases;
}

/** Sub-modules of one encoder layer: graph input stem -> tensor stem, with [out, in] of its weight. */
function layerModules(sizes: Sizes): ReadonlyMap<string, { module: string; shape: readonly number[] }> {
  const { hidden, intermediate } = sizes;
  return new Map([
    ["query", { module: "attention.self.query", shape: [hidden, hidden] }],
    ["key", { module: "attention.self.key", shape: [hidden, hidden] }],
    ["value", { module: "attention.self.value", shape: [hidden, hidden] }],
    ["attended", { module: "attention.output.dense", shape: [hidden, hidden] }],
    ["attended_norm", { module: "attention.output.LayerNorm", shape: [hidden] }],
    ["up", { module: "intermediate.dense", shape: [intermediate, hidden] }],
    ["down", { module: "output.dense", shape: [hidden, intermediate] }],
    ["down_norm", { module: "output.LayerNorm", shape: [hidden] }],
  ]);
}

function tensorShapes(dialect: Dialect, sizes: Sizes): ReadonlyMap<string, readonly number[]> {
  const { hidden } = sizes;
  const shapes = new Map<string, readonly number[]>();
  const add = (stem: string, weight: readonly number[]): void => {
    shapes.set(`${stem}.weight`, weight);
    shapes.set(`${stem}.bias`, weight.slice(0, 1));
  };
  const embeddings = `${dialect.encoder}.embeddings`;
  shapes.set(`${embeddings}.word_embeddings.weight`, [sizes.vocabulary, hidden]);
  shapes.set(`${embeddings}.position_embeddings.weight`, [sizes.positions, hidden]);
  shapes.set(`${embeddings}.token_type_embeddings.weight`, [sizes.types, hidden]);
  add(`${embeddings}.LayerNorm`, [hidden]);
  for (let layer = 0; layer < sizes.layers; layer += 1) {
    for (const { module, shape } of layerModules(sizes).values()) {
      add(`${dialect.encoder}.encoder.layer.${layer}.${module}`, shape);
    }
  }
  add(dialect.head.dense, [hidden, hidden]);
  add(dialect.head.norm, [hidden]);
  if (!sizes.tied) shapes.set(`${dialect.head.decoder}.weight`, [sizes.vocabulary, hidden]);
  shapes.set(dialect.head.bias, [sizes.vocabulary]);
  return shapes;
}

function buildStages(
  dialect: Dialect,
  sizes: Sizes,
  names: TensorNames,
  objective: Objective,
): readonly ModelStage[] {
  const readsOnePosition = objective.kind === "label-words";
  const block = layerProgram(sizes, "positions");
  const lastBlock = readsOnePosition ? layerProgram(sizes, 1) : block;
  const layers = Array.from({ length: sizes.layers }, (_, layer): ModelStage => ({
    name: `layer.${layer}`,
    program: layer === sizes.layers - 1 ? lastBlock : block,
    weights: layerWeights(`${dialect.encoder}.encoder.layer.${layer}`, sizes),
  }));
  return [embeddingsStage(dialect, sizes), ...layers, headStage(dialect, sizes, names, objective)];
}

function pair(stem: string, module: string): WeightBinding[] {
  return [
    { input: `${stem}_weight`, tensor: `${module}.weight` },
    { input: `${stem}_bias`, tensor: `${module}.bias` },
  ];
}

function layerWeights(prefix: string, sizes: Sizes): WeightBinding[] {
  return [...layerModules(sizes)].flatMap(([stem, { module }]) => pair(stem, `${prefix}.${module}`));
}

function embeddingsStage(dialect: Dialect, sizes: Sizes): ModelStage {
  const prefix = `${dialect.encoder}.embeddings`;
  return {
    name: "embeddings",
    program: {
      key: `bert-embeddings/${JSON.stringify(sizes)}`,
      build: () => embeddingsGraph(sizes),
      activations: ["input_ids", "position_ids", "token_type_ids"],
      outputs: { embedded: "hidden" },
    },
    weights: [
      { input: "word", tensor: `${prefix}.word_embeddings.weight` },
      { input: "position", tensor: `${prefix}.position_embeddings.weight` },
      { input: "type", tensor: `${prefix}.token_type_embeddings.weight` },
      ...pair("norm", `${prefix}.LayerNorm`),
    ],
  };
}

function embeddingsGraph(sizes: Sizes): Uint8Array {
  const graph = new GraphBuilder("embeddings");
  const batch: Dimension[] = ["records", "positions"];
  const look = (table: string, rows: number, ids: string): Value =>
    graph.op("Gather", [graph.input(table, [rows, sizes.hidden]), graph.indices(ids, batch)]);
  const words = look("word", sizes.vocabulary, "input_ids");
  const types = look("type", sizes.types, "token_type_ids");
  const places = look("position", sizes.positions, "position_ids");
  const sum = graph.op("Add", [graph.op("Add", [words, types]), places]);
  const [weight, bias] = inputPair(graph, "norm", [sizes.hidden]);
  const flat = graph.op("Reshape", [sum, graph.integers([-1, sizes.hidden])]);
  graph.output("embedded", layerNorm(graph, flat, weight, bias, sizes.epsilon), ["tokens", sizes.hidden]);
  return graph.build();
}

function inputPair(graph: GraphBuilder, stem: string, weight: readonly number[]): [Value, Value] {
  return [graph.input(`${stem}_weight`, weight), graph.input(`${stem}_bias`, weight.slice(0, 1))];
}

/** One encoder layer, on all positions or (the last one, when the head reads one position) on `rows` only. */
function layerProgram(sizes: Sizes, queries: 1 | "positions"): Program {
  return {
    key: `bert-layer/${queries}/${JSON.stringify(sizes)}`,
    build: () => layerGraph(sizes, queries),
    activations: queries === 1 ? ["hidden", "attention_bias", "rows"] : ["hidden", "attention_bias"],
    outputs: { next: "hidden" },
  };
}

function layerGraph(sizes: Sizes, queries: 1 | "positions"): Uint8Array {
  const graph = new GraphBuilder("layer");
  const hidden = graph.input("hidden", ["tokens", sizes.hidden]);
  const bias = graph.input("attention_bias", ["records", 1, 1, "positions"]);
  const module = (stem: string): [Value, Value] =>
    inputPair(graph, stem, layerModules(sizes).get(stem)?.shape ?? []);
  const read = queries === 1 ? graph.op("Gather", [hidden, graph.indices("rows", ["records"])]) : hidden;

  const query = linear(graph, read, ...module("query"));
  const key = linear(graph, hidden, ...module("key"));
  const value = linear(graph, hidden, ...module("value"));
  const headSizes = { heads: sizes.heads, headSize: sizes.hidden / sizes.heads };
  const context = attention(graph, { query, key, value, bias }, headSizes, queries);
  const attended = graph.op("Add", [linear(graph, context, ...module("attended")), read]);
  const middle = layerNorm(graph, attended, ...module("attended_norm"), sizes.epsilon);
  const up = activate(graph, linear(graph, middle, ...module("up")), sizes.activation);
  const down = graph.op("Add", [linear(graph, up, ...module("down")), middle]);
  const next = layerNorm(graph, down, ...module("down_norm"), sizes.epsilon);
  graph.output("next", next, [queries === 1 ? "records" : "tokens", sizes.hidden]);
  return graph.build();
}

function headStage(dialect: Dialect, sizes: Sizes, names: TensorNames, objective: Objective): ModelStage {
  const rows = objective.kind === "label-words" ? { rows: objective.wordIds } : {};
  const words = objective.kind === "label-words" ? objective.wordIds.length : sizes.vocabulary;
  return {
    name: "head",
    program: {
      key: `bert-head/${words}/${JSON.stringify(sizes)}`,
      build: () => headGraph(sizes, words),
      activations: ["hidden"],
      outputs: { logits: "logits" },
    },
    weights: [
      ...pair("dense", dialect.head.dense),
      ...pair("norm", dialect.head.norm),
      { input: "decoder_weight", tensor: names.decoder, ...rows },
      { input: "decoder_bias", tensor: names.decoderBias, ...rows },
    ],
  };
}

function headGraph(sizes: Sizes, words: number): Uint8Array {
  const graph = new GraphBuilder("head");
  const hidden = graph.input("hidden", ["rows", sizes.hidden]);
  const dense = linear(graph, hidden, ...inputPair(graph, "dense", [sizes.hidden, sizes.hidden]));
  const active = activate(graph, dense, sizes.headActivation);
  const normed = layerNorm(graph, active, ...inputPair(graph, "norm", [sizes.hidden]), sizes.epsilon);
  const logits = linear(graph, normed, ...inputPair(graph, "decoder", [words, sizes.hidden]));
  graph.output("logits", logits, ["rows", words]);
  return graph.build();
}
