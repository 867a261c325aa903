import type { GraphBuilder, Value } from "./graph.js";

/** Sizes of a multi-head attention whose keys and values may be shared by groups of heads. */
export interface AttentionSizes {
  readonly heads: number;
  /** Heads of keys and values; a divisor of `heads`, equal to it where nothing is shared. */
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** What attends and what is attended to. */
export interface AttentionInputs {
  /** [records, queries, heads, size]. */
  readonly query: Value;
  /** [records, key-value heads, keys, size]. */
  readonly key: Value;
  /** [records, key-value heads, keys, size]. */
  readonly value: Value;
  /** Added to the scores: 0 to see, very negative to hide; broadcasts to [records, heads, queries, keys]. */
  readonly bias: Value;
}

/**
 * Scaled dot-product attention.
 *
 * With grouped keys and values the queries of one group stand below each other, so that a group is one product
 * and nothing is copied.
 *
 * @returns [records * queries, heads * size]
 * @see Vaswani et al. 2017 (arXiv 1706.03762), section 3.2; Ainslie et al. 2023 (arXiv 2305.13245)
 */
export function attention(
  graph: GraphBuilder,
  { query, key, value, bias }: AttentionInputs,
  sizes: AttentionSizes,
  scale: number,
): Value {
  const { heads, keyValueHeads, headSize } = sizes;
  const grouped = heads !== keyValueHeads;
  const scaled = scale === 1 ? query : graph.op("Mul", [query, graph.scalar(scale)]);
  const byHead = graph.op("Transpose", [scaled], { perm: [0, 2, 1, 3] });
  const group = (x: Value): Value =>
    graph.op("Reshape", [x, graph.integers([0, keyValueHeads, -1, headSize])]);
  const ungroup = (x: Value): Value => graph.op("Reshape", [x, graph.integers([0, heads, -1, headSize])]);
  const transposed = graph.op("Transpose", [key], { perm: [0, 1, 3, 2] });
  const products = graph.op("MatMul", [grouped ? group(byHead) : byHead, transposed]);
  const weights = softmax(graph, products, bias, grouped ? heads : undefined);
  const context = graph.op("MatMul", [weights, value]);
  const merged = graph.op("Transpose", [grouped ? ungroup(context) : context], { perm: [0, 2, 1, 3] });
  return graph.op("Reshape", [merged, graph.integers([-1, heads * headSize])]);
}

/** The bias is one for each head, so grouped scores are taken apart for it and put together again. */
function softmax(graph: GraphBuilder, products: Value, bias: Value, heads: number | undefined): Value {
  if (heads === undefined) {
    return graph.op("Softmax", [graph.op("Add", [products, bias])], { axis: -1 });
  }
  const keys = graph.op("Shape", [bias], { start: 3, end: 4 });
  const shape = graph.op("Concat", [graph.integers([0, heads, -1]), keys], { axis: 0 });
  const scores = graph.op("Add", [graph.op("Reshape", [products, shape]), bias]);
  const weights = graph.op("Softmax", [scores], { axis: -1 });
  return graph.op("Reshape", [weights, graph.op("Shape", [products])]);
}

/** [records * length, heads * size] -> [records, length, heads, size]; `length` is a one-element int64. */
export function splitHeads(graph: GraphBuilder, x: Value, length: Value, heads: number, size: number): Value {
  const shape = graph.op("Concat", [graph.integers([-1]), length, graph.integers([heads, size])], {
    axis: 0,
  });
  return graph.op("Reshape", [x, shape]);
}

/**
 * Rotates each pair (x_i, x_{i + size / 2}) of a head by its position's angle.
 *
 * @param x [records, positions, heads, size]
 * @param cosine [records, positions, 1, size / 2], and `sine` alike
 * @see Su et al. 2021 (arXiv 2104.09864), in the half-split layout of Hugging Face's Llama
 */
export function rotate(graph: GraphBuilder, x: Value, cosine: Value, sine: Value): Value {
  const [first, second] = graph.split(x, 2, -1);
  const times = (a: Value, b: Value): Value => graph.op("Mul", [a, b]);
  const low = graph.op("Sub", [times(first, cosine), times(second, sine)]);
  const high = graph.op("Add", [times(second, cosine), times(first, sine)]);
  return graph.op("Concat", [low, high], { axis: -1 });
}
