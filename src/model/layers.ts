import type { GraphBuilder, Value } from "./graph.js";

/** Activation functions of the feed-forward layers, by Hugging Face's names. */
export type Activation = "gelu" | "gelu_new" | "gelu_pytorch_tanh" | "relu";

export const activations: readonly Activation[] = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"];

/** x W^T + b for x [rows, in], W [out, in] as PyTorch stores it, b [out]. */
export function linear(graph: GraphBuilder, x: Value, weight: Value, bias: Value): Value {
  return graph.op("Gemm", [x, weight, bias], { transB: 1 });
}

/** Layer normalisation over the last axis. */
export function layerNorm(graph: GraphBuilder, x: Value, weight: Value, bias: Value, epsilon: number): Value {
  return graph.op("LayerNormalization", [x, weight, bias], { axis: -1, epsilon: { float: epsilon } });
}

/** The activation function; `gelu_new` and `gelu_pytorch_tanh` are the same tanh approximation. */
export function activate(graph: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case "gelu":
      return graph.op("Gelu", [x], { approximate: "none" });
    case "gelu_new":
    case "gelu_pytorch_tanh":
      return graph.op("Gelu", [x], { approximate: "tanh" });
    case "relu":
      return graph.op("Relu", [x]);
  }
}

/** Sizes of a multi-head attention. */
export interface AttentionSizes {
  readonly heads: number;
  readonly headSize: number;
}

/**
 * Scaled dot-product attention over all positions.
 *
 * query [records * queries, width], key and value [records * positions, width],
 * bias [records, 1, 1, positions] (0 to see, very negative to hide) -> [records * queries, width].
 * `queries` is 1 for a read at one position, or "positions" for all.
 */
export function attention(
  graph: GraphBuilder,
  { query, key, value, bias }: { query: Value; key: Value; value: Value; bias: Value },
  { heads, headSize }: AttentionSizes,
  queries: 1 | "positions",
): Value {
  const positions = graph.op("Shape", [bias], { start: 3, end: 4 });
  const split = (x: Value, length: Value, perm: readonly number[]): Value => {
    const shape = graph.op("Concat", [graph.integers([-1]), length, graph.integers([heads, headSize])], {
      axis: 0,
    });
    return graph.op("Transpose", [graph.op("Reshape", [x, shape])], { perm });
  };
  const queryLength = queries === 1 ? graph.integers([1]) : positions;
  const q = split(graph.op("Mul", [query, graph.scalar(1 / Math.sqrt(headSize))]), queryLength, [0, 2, 1, 3]);
  const k = split(key, positions, [0, 2, 3, 1]);
  const v = split(value, positions, [0, 2, 1, 3]);
  const scores = graph.op("Add", [graph.op("MatMul", [q, k]), bias]);
  const context = graph.op("MatMul", [graph.op("Softmax", [scores], { axis: -1 }), v]);
  const merged = graph.op("Transpose", [context], { perm: [0, 2, 1, 3] });
  return graph.op("Reshape", [merged, graph.integers([-1, heads * headSize])]);
}
