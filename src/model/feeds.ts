import { hiddenScore } from "./biases.js";
import type { Program } from "./description.js";
import { GraphBuilder, type Value } from "./graph.js";
import type { Rotary } from "./rotary.js";

/** ONNX element types, as `Cast` names them. */
const float32 = 1;
const int32 = 6;
const boolean = 9;

const batch = ["batch_size", "sequence_length"] as const;

/** What an encoder's feeds depend on. */
export interface EncoderFeeds {
  /** Rows of the segment table; 0 where there is none. */
  readonly types: number;
  /** The position of the first token. */
  readonly firstPosition: number;
}

/** What a decoder's feeds depend on. */
export interface DecoderFeeds {
  readonly architecture: string;
  readonly positions?: { readonly first: number };
  readonly rotary?: Rotary;
}

/** Ids, segments, positions and attention bias of an encoder, of ids and mask. */
export function encoderFeeds({ types, firstPosition }: EncoderFeeds): Program {
  const segments = types > 0;
  const names = ["input_ids", "position_ids", "attention_bias", ...(segments ? ["token_type_ids"] : [])];
  return {
    key: `encoder-feeds/${firstPosition}/${segments}`,
    build: () => encoderGraph(segments, firstPosition),
    activations: ["input_ids", "attention_mask", ...(segments ? ["token_type_ids"] : [])],
    outputs: Object.fromEntries(names.map((name) => [`fed_${name}`, name])),
  };
}

function encoderGraph(segments: boolean, firstPosition: number): Uint8Array {
  const graph = new GraphBuilder("feeds");
  const ids = (name: string, value: Value): void => {
    graph.output(`fed_${name}`, graph.op("Cast", [value], { to: int32 }), batch, "index");
  };
  ids("input_ids", graph.longs("input_ids", batch));
  if (segments) ids("token_type_ids", graph.longs("token_type_ids", batch));
  const mask = graph.longs("attention_mask", batch);
  ids("position_ids", encoderPositions(graph, mask, firstPosition));
  const visible = graph.op("Unsqueeze", [visibility(graph, mask), graph.integers([1, 2])]);
  graph.output("fed_attention_bias", bias(graph, visible), ["batch_size", 1, 1, "sequence_length"]);
  return graph.build();
}

/** Positions from 0 whatever the mask says, as BERT has them, or those of the tokens alone, as RoBERTa has them. */
function encoderPositions(graph: GraphBuilder, mask: Value, firstPosition: number): Value {
  if (firstPosition === 0) {
    const all = range(graph, graph.integers([0]), size(graph, mask, 1));
    return graph.op("Expand", [all, graph.op("Shape", [mask])]);
  }
  const counted = graph.op("CumSum", [mask, graph.integers([1])]);
  const tokens = graph.op("Mul", [counted, mask]);
  return graph.op("Add", [tokens, graph.integers([firstPosition - 1])]);
}

/** Whether the decoder's export takes `position_ids`; OPT counts them from the mask, as its config class says. */
export function takesPositions({ architecture }: DecoderFeeds): boolean {
  return architecture !== "opt";
}

/**
 * Ids, positions, causal bias and rotary tables of a decoder, of ids and of a mask over the cache and the new
 * positions. Padding may stand on either side.
 */
export function decoderFeeds(spec: DecoderFeeds): Program {
  const rotary = spec.rotary ? ["rotary_cosine", "rotary_sine"] : [];
  const names = ["input_ids", "position_ids", "attention_bias", "rows", ...rotary];
  const { architecture, positions } = spec;
  return {
    key: `decoder-feeds/${JSON.stringify({ architecture, first: positions?.first, rotary: spec.rotary })}`,
    build: () => decoderGraph(spec),
    activations: ["input_ids", "attention_mask", ...(takesPositions(spec) ? ["position_ids"] : [])],
    outputs: Object.fromEntries(names.map((name) => [`fed_${name}`, name])),
  };
}

function decoderGraph(spec: DecoderFeeds): Uint8Array {
  const graph = new GraphBuilder("feeds");
  const inputIds = graph.longs("input_ids", batch);
  const mask = graph.longs("attention_mask", ["batch_size", "total_sequence_length"]);
  const index = (name: string, value: Value, dims: readonly string[]): void => {
    graph.output(`fed_${name}`, graph.op("Cast", [value], { to: int32 }), dims, "index");
  };
  index("input_ids", inputIds, batch);
  const everyRow = range(graph, graph.integers([0]), graph.op("Size", [inputIds]));
  index("rows", everyRow, ["tokens"]);
  const places = takesPositions(spec)
    ? graph.longs("position_ids", batch)
    : countedPositions(graph, inputIds, mask);
  if (spec.rotary === undefined) {
    index("position_ids", graph.op("Add", [places, graph.integers([spec.positions?.first ?? 0])]), batch);
  } else {
    // Each new position has a row of its own in the tables.
    index("position_ids", graph.op("Reshape", [everyRow, graph.op("Shape", [inputIds])]), batch);
    rotaryOutputs(graph, places, spec.rotary);
  }
  const dims = ["batch_size", 1, "sequence_length", "total_sequence_length"];
  graph.output("fed_attention_bias", causalBias(graph, inputIds, mask), dims);
  return graph.build();
}

/** Positions of the new tokens among those the mask shows; -1 for padding on the left, which nothing sees. */
function countedPositions(graph: GraphBuilder, inputIds: Value, mask: Value): Value {
  const counted = graph.op("CumSum", [mask, graph.integers([1])]);
  const from = past(graph, inputIds, mask);
  const fresh = graph.op("Slice", [counted, from, size(graph, mask, 1), graph.integers([1])]);
  return graph.op("Sub", [fresh, graph.integers([1])]);
}

/** A new position sees itself and what stands before it, where the mask is 1. */
function causalBias(graph: GraphBuilder, inputIds: Value, mask: Value): Value {
  const keys = size(graph, mask, 1);
  const key = range(graph, graph.integers([0]), keys);
  const query = range(graph, past(graph, inputIds, mask), keys);
  const before = graph.op("LessOrEqual", [key, graph.op("Unsqueeze", [query, graph.integers([1])])]);
  const visible = graph.op("Unsqueeze", [visibility(graph, mask), graph.integers([1, 2])]);
  return bias(graph, graph.op("And", [visible, before]));
}

/** As `rotaryTables` computes them, in float32. */
function rotaryOutputs(graph: GraphBuilder, places: Value, { frequencies, factor }: Rotary): void {
  const column = graph.op("Reshape", [places, graph.integers([-1, 1])]);
  const angles = graph.op("Mul", [graph.op("Cast", [column], { to: float32 }), graph.floats(frequencies)]);
  const table = (name: string, operator: string): void => {
    const values = graph.op("Mul", [graph.op(operator, [angles]), graph.scalar(factor)]);
    graph.output(name, values, ["tokens", frequencies.length]);
  };
  table("fed_rotary_cosine", "Cos");
  table("fed_rotary_sine", "Sin");
}

function past(graph: GraphBuilder, inputIds: Value, mask: Value): Value {
  return graph.op("Sub", [size(graph, mask, 1), size(graph, inputIds, 1)]);
}

function visibility(graph: GraphBuilder, mask: Value): Value {
  return graph.op("Cast", [mask], { to: boolean });
}

function bias(graph: GraphBuilder, visible: Value): Value {
  return graph.op("Where", [visible, graph.scalar(0), graph.scalar(hiddenScore)]);
}

/** One axis's size, as a one-element int64. */
function size(graph: GraphBuilder, x: Value, axis: number): Value {
  return graph.op("Shape", [x], { start: axis, end: axis + 1 });
}

/** `start`, `start` + 1 ... up to and without `end`; both have one element. */
function range(graph: GraphBuilder, start: Value, end: Value): Value {
  const one = graph.op("Squeeze", [graph.integers([1])]);
  return graph.op("Range", [graph.op("Squeeze", [start]), graph.op("Squeeze", [end]), one]);
}
