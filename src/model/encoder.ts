import { adaptBlock, type Adapter, adapterLayout } from "./adapter.js";
import { hiddenScore } from "./biases.js";
import { blockBindings, blockProgram, type BlockShape, blockTensors, readsOf } from "./block.js";
import type { ModelDescription, ModelStage, Objective, TokenBatch, WeightBinding } from "./description.js";
import { ModelError } from "./errors.js";
import { encoderFeeds } from "./feeds.js";
import { type Dimension, GraphBuilder, type Value } from "./graph.js";
import { headWords } from "./head-words.js";
import { activate, type Activation } from "./layers.js";
import {
  biasTensors,
  linearStems,
  ModuleLayers,
  type Module,
  type Modules,
  moduleBindings,
  moduleTensors,
  normTensors,
} from "./modules.js";

/**
 * A masked language model of the BERT kind as data: learned absolute positions, post-norm blocks, a head of
 * dense, activation, layer norm and the (usually tied) vocabulary projection with a bias.
 */
export interface EncoderSpec {
  readonly architecture: string;
  readonly layers: number;
  readonly vocabulary: number;
  /** Rows of the position table. */
  readonly positions: number;
  /** Rows of the segment table; 0 where there is none. */
  readonly types: number;
  readonly padTokenId: number;
  /** The position of the first token: RoBERTa counts from its padding id + 1. */
  readonly firstPosition: number;
  readonly tied: boolean;
  /** Width of the embeddings and of the vocabulary projection; ELECTRA's may differ from `block.hidden`. */
  readonly embedding: number;
  readonly block: BlockShape;
  readonly headActivation: Activation;
  /** Whether the checkpoint calls its norms' tensors `.gamma` and `.beta`, as BERT's first ones do. */
  readonly oldNorms: boolean;
  readonly names: EncoderNames;
  /** What is put beside the last blocks' layers. */
  readonly adapter?: Adapter;
}

/** Tensor names of an encoder. */
export interface EncoderNames {
  readonly word: string;
  readonly position: string;
  readonly type: string;
  readonly embeddingNorm: string;
  /** The linear layer between embeddings and blocks where their widths differ. */
  readonly embeddingProjection: string;
  /** Blocks are `${block}.N.`. */
  readonly block: string;
  readonly headDense: string;
  readonly headNorm: string;
  readonly decoder: string;
  /** The bias of the vocabulary projection that is read. */
  readonly decoderBias: string;
  /** A second name of it, where the network has two. */
  readonly otherBias?: string;
}

/**
 * The same names with the bias that the vocabulary projection adds.
 *
 * The heads of BERT and RoBERTa hold it under two names, `bias` and `decoder.bias`. What is added is the second;
 * `tie_word_embeddings` ties it to the first, so that a checkpoint holds one of them or the same values twice.
 * Untied, only `decoder.bias` counts, as in transformers 5.24. ELECTRA's and DistilBERT's have one name.
 */
export function headBias(
  names: EncoderNames,
  tied: boolean,
  tensorNames: ReadonlySet<string> | undefined,
): EncoderNames {
  const [first, second] = [names.decoderBias, `${names.decoder}.bias`];
  if (first === second) return names;
  const hasOnlySecond = tensorNames?.has(first) === false && tensorNames.has(second);
  return tied && !hasOnlySecond
    ? { ...names, decoderBias: first, otherBias: second }
    : { ...names, decoderBias: second, otherBias: first };
}

/** Sub-modules of a block of an encoder, by what Hugging Face calls them. */
export function encoderModules(
  hidden: number,
  intermediate: number,
  names: Readonly<Record<EncoderStem, string>>,
  oldNorms: boolean,
): Modules {
  const module = (stem: EncoderStem, shape: readonly number[]): [string, Module] => [
    stem,
    { name: names[stem], shape, bias: true, ...(oldNorms && shape.length === 1 && { oldNorm: true }) },
  ];
  return new Map([
    module("query", [hidden, hidden]),
    module("key", [hidden, hidden]),
    module("value", [hidden, hidden]),
    module("attended", [hidden, hidden]),
    module("attention_norm", [hidden]),
    module("up", [intermediate, hidden]),
    module("down", [hidden, intermediate]),
    module("feed_norm", [hidden]),
  ]);
}

type EncoderStem = "query" | "key" | "value" | "attended" | "attention_norm" | "up" | "down" | "feed_norm";

/** The description of an encoder. */
export function describeEncoder(spec: EncoderSpec): ModelDescription {
  const { names, adapter } = spec;
  const blocks = blocksOf(spec);
  const modules = [
    [embeddingModules(spec), ""] as const,
    ...blocks.map(([block, prefix]) => [block.modules, prefix] as const),
    [headModules(spec), ""] as const,
  ];
  const aliases = new Map(
    spec.names.otherBias === undefined ? [] : [[spec.names.otherBias, names.decoderBias]],
  );
  if (spec.tied) aliases.set(`${names.decoder}.weight`, `${names.word}.weight`);
  return {
    architecture: spec.architecture,
    kind: "masked-lm",
    hiddenSize: spec.block.hidden,
    vocabularySize: spec.vocabulary,
    maximumTokens: spec.positions - spec.firstPosition,
    padTokenId: spec.padTokenId,
    tensors: tensorShapes(spec),
    tiedAliases: aliases,
    blocks: Array.from({ length: spec.layers }, (_, index) => `layer.${index}`),
    headTensors: moduleTensors(headModules(spec)).map(([name]) => name),
    normTensors: modules.flatMap(([part, prefix]) => normTensors(part, prefix)),
    biasTensors: modules.flatMap(([part, prefix]) => biasTensors(part, prefix)),
    linearStems: linearStems(spec.block.modules),
    omittedPrefix: "",
    ...(adapter && { adapter: adapterLayout(adapter, blocks) }),
    adapted: (other) => describeEncoder({ ...spec, adapter: other }),
    stages: (objective) => buildStages(spec, objective),
    batchInputs: (batch) => batchInputs(spec, batch),
    feeds: encoderFeeds(spec),
  };
}

/** The block of a layer; equal shapes share a session. */
function blockOf({ block, adapter, layers }: EncoderSpec, layer: number): BlockShape {
  return adapter === undefined ? block : adaptBlock(block, adapter, layer, layers);
}

function blocksOf(spec: EncoderSpec): readonly (readonly [block: BlockShape, prefix: string])[] {
  return Array.from({ length: spec.layers }, (_, layer) => [
    blockOf(spec, layer),
    `${spec.names.block}.${layer}.`,
  ]);
}

function batchInputs(spec: EncoderSpec, batch: TokenBatch): ReturnType<ModelDescription["batchInputs"]> {
  const { records, positions, tokenTypeIds, lengths } = batch;
  const ids = new Int32Array(records * positions).fill(spec.firstPosition === 0 ? 0 : spec.padTokenId);
  const bias = new Float32Array(records * positions).fill(hiddenScore);
  lengths.forEach((length, record) => {
    const start = record * positions;
    for (let position = 0; position < length; position += 1) {
      ids[start + position] = position + spec.firstPosition;
    }
    bias.fill(0, start, start + length);
  });
  const dims = [records, positions];
  return {
    position_ids: { data: ids, dims },
    attention_bias: { data: bias, dims: [records, 1, 1, positions] },
    ...(spec.types > 0 && { token_type_ids: { data: tokenTypeIds, dims } }),
  };
}

function tensorShapes(spec: EncoderSpec): ReadonlyMap<string, readonly number[]> {
  const { names, embedding } = spec;
  const types: [string, readonly number[]][] =
    spec.types > 0 ? [[`${names.type}.weight`, [spec.types, embedding]]] : [];
  const decoder: [string, readonly number[]][] = spec.tied
    ? []
    : [[`${names.decoder}.weight`, [spec.vocabulary, embedding]]];
  const blocks = blocksOf(spec).map(([block, prefix]) => blockTensors(block, prefix));
  return new Map([
    [`${names.word}.weight`, [spec.vocabulary, embedding]],
    [`${names.position}.weight`, [spec.positions, embedding]],
    ...types,
    ...moduleTensors(embeddingModules(spec)),
    ...blocks.flat(),
    ...moduleTensors(headModules(spec)),
    ...decoder,
    [names.decoderBias, [spec.vocabulary]],
  ]);
}

function embeddingModules({ names, embedding, block, oldNorms }: EncoderSpec): Modules {
  const norm: [string, Module] = [
    "norm",
    { name: names.embeddingNorm, shape: [embedding], bias: true, oldNorm: oldNorms },
  ];
  if (embedding === block.hidden) return new Map([norm]);
  const project = { name: names.embeddingProjection, shape: [block.hidden, embedding], bias: true };
  return new Map([norm, ["project", project]]);
}

function headModules({ names, embedding, block, oldNorms }: EncoderSpec): Modules {
  return new Map([
    ["dense", { name: names.headDense, shape: [embedding, block.hidden], bias: true }],
    ["norm", { name: names.headNorm, shape: [embedding], bias: true, oldNorm: oldNorms }],
  ]);
}

function buildStages(spec: EncoderSpec, objective: Objective): readonly ModelStage[] {
  if (objective.kind === "next-token") {
    throw new ModelError("unknown-objective", {
      message: `A ${spec.architecture} model sees both sides of a position, so it has no next token.`,
      value: objective.kind,
      expected: "a decoder, or another objective",
    });
  }
  const layers = blocksOf(spec).map(([block, prefix], layer): ModelStage => ({
    name: `layer.${layer}`,
    program: blockProgram(block, layer === spec.layers - 1 ? readsOf(objective) : "all", false),
    weights: blockBindings(block, prefix),
  }));
  return [embeddingsStage(spec), ...layers, headStage(spec, objective)];
}

/** What tells two encoders' embeddings and heads apart. */
function sizeKey({ vocabulary, positions, types, embedding, block, headActivation }: EncoderSpec): string {
  return JSON.stringify({
    vocabulary,
    positions,
    types,
    embedding,
    hidden: block.hidden,
    norm: block.norm,
    headActivation,
  });
}

function embeddingsStage(spec: EncoderSpec): ModelStage {
  const { names, types } = spec;
  const tables: WeightBinding[] = [
    { input: "word", tensor: `${names.word}.weight` },
    { input: "position", tensor: `${names.position}.weight` },
  ];
  if (types > 0) tables.push({ input: "type", tensor: `${names.type}.weight` });
  return {
    name: "embeddings",
    program: {
      key: `encoder-embeddings/${sizeKey(spec)}`,
      build: () => embeddingsGraph(spec),
      activations: ["input_ids", "position_ids", ...(types > 0 ? ["token_type_ids"] : [])],
      outputs: { embedded: "hidden" },
    },
    weights: [...tables, ...moduleBindings(embeddingModules(spec))],
  };
}

function embeddingsGraph(spec: EncoderSpec): Uint8Array {
  const graph = new GraphBuilder("embeddings");
  const batch: Dimension[] = ["records", "positions"];
  const look = (table: string, rows: number, ids: string): Value =>
    graph.op("Gather", [graph.input(table, [rows, spec.embedding]), graph.indices(ids, batch)]);
  const words = look("word", spec.vocabulary, "input_ids");
  const typed = spec.types > 0 ? graph.op("Add", [words, look("type", spec.types, "token_type_ids")]) : words;
  const sum = graph.op("Add", [typed, look("position", spec.positions, "position_ids")]);
  const flat = graph.op("Reshape", [sum, graph.integers([-1, spec.embedding])]);
  const layers = new ModuleLayers(graph, embeddingModules(spec));
  const normed = layers.norm("norm", flat, spec.block.norm, spec.embedding);
  const embedded = layers.has("project") ? layers.linear("project", normed) : normed;
  graph.output("embedded", embedded, ["tokens", spec.block.hidden]);
  return graph.build();
}

function headStage(spec: EncoderSpec, objective: Objective): ModelStage {
  const { names } = spec;
  const { count: words, rows } = headWords(objective, spec.vocabulary);
  return {
    name: "head",
    program: {
      key: `encoder-head/${words}/${sizeKey(spec)}`,
      build: () => headGraph(spec, words),
      activations: ["hidden"],
      outputs: { logits: "logits" },
    },
    weights: [
      ...moduleBindings(headModules(spec)),
      { input: "decoder_weight", tensor: `${spec.tied ? names.word : names.decoder}.weight`, ...rows },
      { input: "decoder_bias", tensor: names.decoderBias, ...rows },
    ],
  };
}

function headGraph(spec: EncoderSpec, words: number): Uint8Array {
  const { embedding, block, headActivation } = spec;
  const graph = new GraphBuilder("head");
  const layers = new ModuleLayers(graph, headModules(spec));
  const dense = layers.linear("dense", graph.input("hidden", ["rows", block.hidden]));
  const normed = layers.norm("norm", activate(graph, dense, headActivation), block.norm, embedding);
  const decoder = new ModuleLayers(
    graph,
    new Map([["decoder", { name: "decoder", shape: [words, embedding], bias: true }]]),
  );
  graph.output("logits", decoder.linear("decoder", normed), ["rows", words]);
  return graph.build();
}
