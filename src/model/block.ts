import { attention, type AttentionSizes, rotate, splitHeads } from "./attention.js";
import type { Objective, Program, WeightBinding } from "./description.js";
import { GraphBuilder, type Value } from "./graph.js";
import { activate, type Activation, type Norm } from "./layers.js";
import { ModuleLayers, moduleBindings, moduleTensors, type Modules } from "./modules.js";

/**
 * One transformer block as data. Its modules are found by these stems:
 * `attention_norm`, `query`, `key`, `value` (or the three as one, `joint`), `query_norm`, `key_norm`, `attended`;
 * `feed_norm`, `gate` (where the feed-forward layer is gated), `up`, `down`.
 */
export interface BlockShape extends AttentionSizes {
  readonly hidden: number;
  /** Factor on the products of queries and keys, usually 1 / sqrt(headSize). */
  readonly scale: number;
  /** Whether a position sees only itself and what stands before it. */
  readonly causal: boolean;
  /** Whether queries and keys are rotated by their position. */
  readonly rotary: boolean;
  readonly norm: Norm;
  /** Norms before the attention and the feed-forward layer, or after their residual sums. */
  readonly normFirst: boolean;
  readonly activation: Activation;
  readonly modules: Modules;
  /** How many trained keys and values stand in front of those of the text; every position sees them. */
  readonly virtualTokens?: number;
}

/** Names of a block's virtual keys and values. */
export function virtualTensors(prefix: string): readonly [key: string, value: string] {
  return [`${prefix}prefix_key`, `${prefix}prefix_value`];
}

/** Names and shapes of a block's tensors. */
export function blockTensors(block: BlockShape, prefix: string): [string, readonly number[]][] {
  const { modules, virtualTokens, keyValueHeads, headSize } = block;
  const own = moduleTensors(modules, prefix);
  if (virtualTokens === undefined) return own;
  const shape = [keyValueHeads, virtualTokens, headSize];
  return [...virtualTensors(prefix).map((name): [string, readonly number[]] => [name, shape]), ...own];
}

/** Where the graph inputs of a block's weights come from. */
export function blockBindings({ modules, virtualTokens }: BlockShape, prefix: string): WeightBinding[] {
  const [key, value] = virtualTensors(prefix);
  const own = moduleBindings(modules, prefix);
  if (virtualTokens === undefined) return own;
  return [{ input: "prefix_key", tensor: key }, { input: "prefix_value", tensor: value }, ...own];
}

/**
 * Which positions a block answers for: every one; one of each record, in which case the others are not computed
 * beyond their keys and values; or those in `rows`, any number of each record.
 */
export type Reads = "all" | "one" | "some";

/** The reads of the last block under an objective; every other block answers for all positions. */
export function readsOf(objective: Objective): Reads {
  switch (objective.kind) {
    case "all-logits":
      return "all";
    case "label-words":
      return "one";
    case "token-logits":
    case "next-token":
      return "some";
  }
}

/**
 * The program of a block: activation `hidden` [tokens, hidden] to `hidden` at the positions it answers for.
 *
 * @param cached Whether the block takes and gives keys and values: `past_key`, `past_value` in, and `present_key`,
 *   `present_value` out, [records, key-value heads, positions, size].
 */
export function blockProgram(shape: BlockShape, reads: Reads, cached: boolean): Program {
  const rotary = shape.rotary ? ["position_ids", "rotary_cosine", "rotary_sine"] : [];
  const rows = reads === "all" ? [] : ["rows"];
  const past = cached ? ["past_key", "past_value"] : [];
  const present = cached ? { present_key: "present_key", present_value: "present_value" } : {};
  return {
    key: `block/${reads}/${cached}/${JSON.stringify({ ...shape, modules: [...shape.modules] })}`,
    build: () => new BlockGraph(shape, reads, cached).build(),
    activations: ["hidden", "attention_bias", ...rotary, ...rows, ...past],
    outputs: { next: "hidden", ...present },
  };
}

/** The graph of one block under construction. */
class BlockGraph {
  readonly #graph = new GraphBuilder("block");
  readonly #shape: BlockShape;
  readonly #reads: Reads;
  readonly #cached: boolean;
  readonly #layers: ModuleLayers;
  readonly #bias: Value;
  readonly #rows: Value | undefined;
  /** New positions of each record, a one-element int64. */
  readonly #length: Value;
  readonly #rotary: { readonly positions: Value; readonly cosine: Value; readonly sine: Value } | undefined;

  constructor(shape: BlockShape, reads: Reads, cached: boolean) {
    const graph = this.#graph;
    this.#shape = shape;
    this.#reads = reads;
    this.#cached = cached;
    this.#layers = new ModuleLayers(graph, shape.modules);
    const dims = shape.causal ? ["bias_records", 1, "queries", "keys"] : ["records", 1, 1, "keys"];
    this.#bias = graph.input("attention_bias", dims);
    this.#rows = reads === "all" ? undefined : graph.indices("rows", ["rows"]);
    const axis = cached ? 2 : 3;
    this.#length = graph.op("Shape", [this.#bias], { start: axis, end: axis + 1 });
    this.#rotary = shape.rotary ? this.#rotaryInputs() : undefined;
  }

  build(): Uint8Array {
    const graph = this.#graph;
    const hidden = graph.input("hidden", ["tokens", this.#shape.hidden]);
    const { normFirst } = this.#shape;
    const normed = normFirst ? this.#norm("attention_norm", hidden) : hidden;
    const attended = this.#layers.linear("attended", this.#attend(normed));
    const sum = graph.op("Add", [attended, this.#kept(hidden)]);
    const middle = normFirst ? sum : this.#norm("attention_norm", sum);
    const fed = this.#feed(normFirst ? this.#norm("feed_norm", middle) : middle);
    const total = graph.op("Add", [fed, middle]);
    const next = normFirst ? total : this.#norm("feed_norm", total);
    graph.output("next", next, [this.#reads === "all" ? "tokens" : "rows", this.#shape.hidden]);
    return graph.build();
  }

  /** Attention at the positions that are answered for, [rows, heads * size]. */
  #attend(hidden: Value): Value {
    const { shape, one } = { shape: this.#shape, one: this.#reads === "one" };
    const { query, key, value } = this.#project(hidden);
    const queryLength = one ? this.#graph.integers([1]) : this.#length;
    const queries = this.#prepared(query, "query_norm", shape.heads, queryLength, one);
    const keys = this.#prepared(key, "key_norm", shape.keyValueHeads, this.#length, false);
    const values = splitHeads(this.#graph, value, this.#length, shape.keyValueHeads, shape.headSize);
    const bias = one && shape.causal ? this.#biasOfRows() : this.#bias;
    const inputs = {
      query: queries,
      key: this.#afterVirtual("key", this.#joined("key", keys)),
      value: this.#afterVirtual("value", this.#joined("value", values)),
      bias: this.#besideVirtual(bias),
    };
    const context = attention(this.#graph, inputs, shape, shape.scale);
    return this.#reads === "some" ? this.#kept(context) : context;
  }

  #project(hidden: Value): { query: Value; key: Value; value: Value } {
    if (!this.#layers.has("joint")) {
      const read = this.#reads === "one" ? this.#kept(hidden) : hidden;
      const linear = (stem: string, x: Value): Value => this.#layers.linear(stem, x);
      return { query: linear("query", read), key: linear("key", hidden), value: linear("value", hidden) };
    }
    const [query, key, value] = this.#graph.split(this.#layers.linear("joint", hidden), 3, -1);
    return { query: this.#reads === "one" ? this.#kept(query) : query, key, value };
  }

  /** Queries or keys by head, normed and rotated where the model does so. */
  #prepared(x: Value, norm: string, heads: number, length: Value, atRows: boolean): Value {
    const { headSize } = this.#shape;
    const split = splitHeads(this.#graph, x, length, heads, headSize);
    const normed = this.#layers.has(norm)
      ? this.#layers.norm(norm, split, this.#shape.norm, headSize)
      : split;
    if (this.#rotary === undefined) return normed;
    const { cosine, sine } = this.#rotary;
    return rotate(this.#graph, normed, this.#angles(cosine, atRows), this.#angles(sine, atRows));
  }

  /** Rows of an angle table for each new position, or for the rows that are read: [records, positions, 1, size / 2]. */
  #angles(table: Value, atRows: boolean): Value {
    const graph = this.#graph;
    const positions = this.#rotary?.positions ?? table;
    const flat = graph.op("Reshape", [positions, graph.integers([-1])]);
    const ids = atRows ? this.#kept(flat) : positions;
    const gathered = graph.op("Gather", [table, ids]);
    return graph.op("Unsqueeze", [gathered, graph.integers(atRows ? [1, 2] : [2])]);
  }

  /** [records, positions, heads, size] -> [records, heads, positions, size], after what is in the cache. */
  #joined(name: "key" | "value", fresh: Value): Value {
    const graph = this.#graph;
    const byHead = graph.op("Transpose", [fresh], { perm: [0, 2, 1, 3] });
    if (!this.#cached) return byHead;
    const { keyValueHeads, headSize } = this.#shape;
    const past = graph.input(`past_${name}`, ["records", keyValueHeads, "past", headSize]);
    const present = graph.op("Concat", [past, byHead], { axis: 2 });
    graph.output(`present_${name}`, present, ["records", keyValueHeads, "keys", headSize]);
    return present;
  }

  /** Keys or values with the virtual ones, the same for all records, in front. */
  #afterVirtual(name: "key" | "value", own: Value): Value {
    const { virtualTokens, keyValueHeads, headSize } = this.#shape;
    if (virtualTokens === undefined) return own;
    const graph = this.#graph;
    const sizes = [keyValueHeads, virtualTokens, headSize];
    const records = graph.op("Shape", [own], { start: 0, end: 1 });
    const shape = graph.op("Concat", [records, graph.integers(sizes)], { axis: 0 });
    const repeated = graph.op("Expand", [graph.input(`prefix_${name}`, sizes), shape]);
    return graph.op("Concat", [repeated, own], { axis: 2 });
  }

  /** The bias with zeros in front: every position sees the virtual tokens. */
  #besideVirtual(bias: Value): Value {
    const { virtualTokens } = this.#shape;
    if (virtualTokens === undefined) return bias;
    const pads = this.#graph.integers([0, 0, 0, virtualTokens, 0, 0, 0, 0]);
    return this.#graph.op("Pad", [bias, pads]);
  }

  /** The causal bias of the positions that are read, [records, 1, 1, keys]. */
  #biasOfRows(): Value {
    const graph = this.#graph;
    const row = graph.op("Cast", [this.#rows ?? this.#bias], { to: 7 });
    const position = graph.op("Mod", [row, this.#length]);
    const gathered = graph.op("Gather", [this.#bias, position], { axis: 2 });
    return graph.op("Transpose", [gathered], { perm: [2, 1, 0, 3] });
  }

  #feed(x: Value): Value {
    const up = this.#layers.linear("up", x);
    const { activation } = this.#shape;
    if (!this.#layers.has("gate")) return this.#layers.linear("down", activate(this.#graph, up, activation));
    const gate = activate(this.#graph, this.#layers.linear("gate", x), activation);
    return this.#layers.linear("down", this.#graph.op("Mul", [gate, up]));
  }

  #norm(stem: string, x: Value): Value {
    return this.#layers.norm(stem, x, this.#shape.norm, this.#shape.hidden);
  }

  /** The rows that are answered for. */
  #kept(x: Value): Value {
    return this.#rows === undefined ? x : this.#graph.op("Gather", [x, this.#rows]);
  }

  #rotaryInputs(): { positions: Value; cosine: Value; sine: Value } {
    const half = this.#shape.headSize / 2;
    return {
      positions: this.#graph.indices("position_ids", ["records", "queries"]),
      cosine: this.#graph.input("rotary_cosine", ["table", half]),
      sine: this.#graph.input("rotary_sine", ["table", half]),
    };
  }
}
