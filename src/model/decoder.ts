import { adaptBlock, type Adapter, adapterLayout } from "./adapter.js";
import { causalBias, hiddenScore } from "./biases.js";
import { blockBindings, blockProgram, type BlockShape, blockTensors, readsOf } from "./block.js";
import type {
  DecodingStep,
  ModelDescription,
  ModelStage,
  Objective,
  TokenBatch,
  WeightBinding,
} from "./description.js";
import { decoderFeeds } from "./feeds.js";
import { type Dimension, GraphBuilder } from "./graph.js";
import { headWords } from "./head-words.js";
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
import { type Rotary, rotaryTables } from "./rotary.js";

/**
 * An autoregressive language model as data: embeddings, blocks with causal attention, and a head of norm,
 * projection and vocabulary, each where the model has it.
 *
 * Records are padded on the right. A position sees only what stands before it, so padding is never seen by a
 * token, and positions count from the left.
 */
export interface DecoderSpec {
  readonly architecture: string;
  readonly layers: number;
  readonly vocabulary: number;
  readonly maximumTokens: number;
  readonly padTokenId: number;
  /** Whether the vocabulary projection is the embedding table itself. */
  readonly tied: boolean;
  /** Width of the embedding table and of the vocabulary projection; OPT's may differ from the blocks'. */
  readonly embedding: number;
  /** The block of a layer; equal shapes share a session. */
  readonly block: (layer: number) => BlockShape;
  /** A learned position table: its rows, and the row of the first position. */
  readonly positions?: { readonly rows: number; readonly first: number };
  readonly rotary?: Rotary;
  /** The norm before the head: with learned parameters, without, or none. */
  readonly finalNorm: "learned" | "plain" | "none";
  readonly names: DecoderNames;
  /** What this checkpoint's tensor names leave out at their start. */
  readonly omittedPrefix?: string;
  /** What is put beside the last blocks' layers. */
  readonly adapter?: Adapter;
}

/** Tensor names of a decoder, without `.weight`. */
export interface DecoderNames {
  readonly word: string;
  readonly position: string;
  readonly projectIn: string;
  readonly projectOut: string;
  /** Blocks are `${block}.N.`. */
  readonly block: string;
  readonly norm: string;
  readonly decoder: string;
}

/** The description of a decoder. */
export function describeDecoder(spec: DecoderSpec): ModelDescription {
  const { names, adapter } = spec;
  const { hidden, keyValueHeads, headSize } = spec.block(0);
  const blocks = blocksOf(spec);
  const modules = [
    [embeddingModules(spec), ""] as const,
    ...blocks.map(([block, prefix]) => [block.modules, prefix] as const),
    [headModules(spec), ""] as const,
  ];
  return {
    architecture: spec.architecture,
    kind: "causal-lm",
    hiddenSize: hidden,
    vocabularySize: spec.vocabulary,
    maximumTokens: spec.maximumTokens - virtualTokens(spec),
    padTokenId: spec.padTokenId,
    tensors: tensorShapes(spec),
    tiedAliases: new Map(spec.tied ? [[`${names.decoder}.weight`, `${names.word}.weight`]] : []),
    blocks: Array.from({ length: spec.layers }, (_, index) => `layer.${index}`),
    headTensors: moduleTensors(headModules(spec)).map(([name]) => name),
    normTensors: modules.flatMap(([part, prefix]) => normTensors(part, prefix)),
    biasTensors: modules.flatMap(([part, prefix]) => biasTensors(part, prefix)),
    linearStems: linearStems(spec.block(0).modules),
    omittedPrefix: spec.omittedPrefix ?? "",
    ...(adapter && { adapter: adapterLayout(adapter, blocks) }),
    adapted: (other) => describeDecoder({ ...spec, adapter: other }),
    stages: (objective) => buildStages(spec, objective),
    batchInputs: (batch) => batchInputs(spec, batch),
    feeds: decoderFeeds(spec),
    decoding: { keyValueHeads, headSize, stepInputs: (step) => stepInputs(spec, step) },
  };
}

function blockOf({ block, adapter, layers }: DecoderSpec, layer: number): BlockShape {
  return adapter === undefined ? block(layer) : adaptBlock(block(layer), adapter, layer, layers);
}

function blocksOf(spec: DecoderSpec): readonly (readonly [block: BlockShape, prefix: string])[] {
  return Array.from({ length: spec.layers }, (_, layer) => [
    blockOf(spec, layer),
    `${spec.names.block}.${layer}.`,
  ]);
}

/** How many positions the virtual tokens of a prefix take before the text. */
function virtualTokens({ adapter }: DecoderSpec): number {
  return adapter?.kind === "prefix" ? adapter.length : 0;
}

/** Positions 0, 1, 2 ... in every record, padding included, which no token sees; after a prefix, its length more. */
function batchInputs(
  spec: DecoderSpec,
  { records, positions }: TokenBatch,
): ReturnType<ModelDescription["batchInputs"]> {
  const { positions: learned, rotary } = spec;
  const before = virtualTokens(spec);
  const first = learned === undefined ? 0 : learned.first + before;
  const ids = Int32Array.from({ length: records * positions }, (_, at) => first + (at % positions));
  const places = Int32Array.from({ length: positions }, (_, at) => before + at);
  return {
    position_ids: { data: ids, dims: [records, positions] },
    attention_bias: causalBias(positions),
    ...(rotary && rotaryTables(rotary, places)),
  };
}

/** As {@link batchInputs}, for new positions after a cache: every record has its own place and its own padding. */
function stepInputs(spec: DecoderSpec, step: DecodingStep): ReturnType<ModelDescription["batchInputs"]> {
  const { positions: learned, rotary } = spec;
  const { records, positions, past, starts } = step;
  const size = records * positions;
  const places = Int32Array.from(
    { length: size },
    (_, at) => virtualTokens(spec) + (starts[Math.floor(at / positions)] ?? 0) + (at % positions),
  );
  const ids = rotary
    ? Int32Array.from({ length: size }, (_, at) => at)
    : places.map((at) => at + (learned?.first ?? 0));
  return {
    position_ids: { data: ids, dims: [records, positions] },
    attention_bias: { data: stepBias(step), dims: [records, 1, positions, past + positions] },
    ...(rotary && rotaryTables(rotary, places)),
  };
}

/** A new position sees its record's prompt without the padding, what was added since, and itself. */
function stepBias({ records, positions, past, lengths, prompt }: DecodingStep): Float32Array {
  const keys = past + positions;
  const bias = new Float32Array(records * positions * keys);
  for (let row = 0; row < records * positions; row += 1) {
    const start = row * keys;
    bias.fill(hiddenScore, start + (lengths[Math.floor(row / positions)] ?? 0), start + prompt);
    bias.fill(hiddenScore, start + past + (row % positions) + 1, start + keys);
  }
  return bias;
}

function tensorShapes(spec: DecoderSpec): ReadonlyMap<string, readonly number[]> {
  const { names, positions, embedding, vocabulary } = spec;
  const { hidden } = spec.block(0);
  const blocks = blocksOf(spec).map(([block, prefix]) => blockTensors(block, prefix));
  const learned: [string, readonly number[]][] = positions
    ? [[`${names.position}.weight`, [positions.rows, hidden]]]
    : [];
  const decoder: [string, readonly number[]][] = spec.tied
    ? []
    : [[`${names.decoder}.weight`, [vocabulary, embedding]]];
  return new Map([
    [`${names.word}.weight`, [vocabulary, embedding]],
    ...learned,
    ...moduleTensors(embeddingModules(spec)),
    ...blocks.flat(),
    ...moduleTensors(headModules(spec)),
    ...decoder,
  ]);
}

function embeddingModules(spec: DecoderSpec): Modules {
  const { hidden } = spec.block(0);
  const project = { name: spec.names.projectIn, shape: [hidden, spec.embedding], bias: false };
  return new Map(spec.embedding === hidden ? [] : [["project", project]]);
}

function headModules({ finalNorm, names, embedding, block }: DecoderSpec): Modules {
  const { hidden, norm } = block(0);
  const modules = new Map<string, Module>();
  if (finalNorm === "learned") {
    modules.set("norm", { name: names.norm, shape: [hidden], bias: norm.kind === "layer" });
  }
  if (embedding !== hidden) {
    modules.set("project", { name: names.projectOut, shape: [embedding, hidden], bias: false });
  }
  return modules;
}

function buildStages(spec: DecoderSpec, objective: Objective): readonly ModelStage[] {
  const cached = objective.kind === "next-token";
  const layers = blocksOf(spec).map(([block, prefix], layer): ModelStage => ({
    name: `layer.${layer}`,
    program: blockProgram(block, layer === spec.layers - 1 ? readsOf(objective) : "all", cached),
    weights: blockBindings(block, prefix),
  }));
  return [embeddingsStage(spec), ...layers, headStage(spec, objective)];
}

/** What tells two decoders' embeddings and heads apart. */
function sizeKey({ vocabulary, embedding, positions, finalNorm, block }: DecoderSpec): string {
  const { hidden, norm } = block(0);
  return JSON.stringify({ vocabulary, embedding, positions, finalNorm, hidden, norm });
}

function embeddingsStage(spec: DecoderSpec): ModelStage {
  const { names, positions } = spec;
  const tables: WeightBinding[] = [{ input: "word", tensor: `${names.word}.weight` }];
  if (positions) tables.push({ input: "position", tensor: `${names.position}.weight` });
  return {
    name: "embeddings",
    program: {
      key: `decoder-embeddings/${sizeKey(spec)}`,
      build: () => embeddingsGraph(spec),
      activations: positions ? ["input_ids", "position_ids"] : ["input_ids"],
      outputs: { embedded: "hidden" },
    },
    weights: [...tables, ...moduleBindings(embeddingModules(spec))],
  };
}

function embeddingsGraph(spec: DecoderSpec): Uint8Array {
  const { embedding, positions } = spec;
  const { hidden } = spec.block(0);
  const graph = new GraphBuilder("embeddings");
  const batch: Dimension[] = ["records", "positions"];
  const look = (table: string, rows: number, width: number, ids: string) => {
    const found = graph.op("Gather", [graph.input(table, [rows, width]), graph.indices(ids, batch)]);
    return graph.op("Reshape", [found, graph.integers([-1, width])]);
  };
  const layers = new ModuleLayers(graph, embeddingModules(spec));
  const words = look("word", spec.vocabulary, embedding, "input_ids");
  const wide = layers.has("project") ? layers.linear("project", words) : words;
  const embedded = positions
    ? graph.op("Add", [wide, look("position", positions.rows, hidden, "position_ids")])
    : wide;
  graph.output("embedded", embedded, ["tokens", hidden]);
  return graph.build();
}

function headStage(spec: DecoderSpec, objective: Objective): ModelStage {
  const { names } = spec;
  const { count: words, rows } = headWords(objective, spec.vocabulary);
  return {
    name: "head",
    program: {
      key: `decoder-head/${words}/${sizeKey(spec)}`,
      build: () => headGraph(spec, words),
      activations: ["hidden"],
      outputs: { logits: "logits" },
    },
    weights: [
      ...moduleBindings(headModules(spec)),
      { input: "decoder_weight", tensor: `${spec.tied ? names.word : names.decoder}.weight`, ...rows },
    ],
  };
}

function headGraph(spec: DecoderSpec, words: number): Uint8Array {
  const { hidden, norm } = spec.block(0);
  const graph = new GraphBuilder("head");
  const decoder: Module = { name: "decoder", shape: [words, spec.embedding], bias: false };
  const layers = new ModuleLayers(graph, new Map([...headModules(spec), ["decoder", decoder]]));
  const read = graph.input("hidden", ["rows", hidden]);
  const normed = spec.finalNorm === "none" ? read : layers.norm("norm", read, norm, hidden);
  const projected = layers.has("project") ? layers.linear("project", normed) : normed;
  graph.output("logits", layers.linear("decoder", projected), ["rows", words]);
  return graph.build();
}
