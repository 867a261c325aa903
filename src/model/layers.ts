import type { GraphBuilder, Value } from "./graph.js";

/** Activation functions of the feed-forward layers, by Hugging Face's names. */
export const activations = [
  "gelu",
  "gelu_python",
  "gelu_new",
  "gelu_fast",
  "gelu_accurate",
  "gelu_pytorch_tanh",
  "gelu_python_tanh",
  "quick_gelu",
  "relu",
  "relu2",
  "silu",
  "swish",
  "tanh",
  "sigmoid",
] as const;

export type Activation = (typeof activations)[number];

/** How a norm divides: LayerNorm (after subtracting the mean) or RMSNorm. */
export interface Norm {
  readonly kind: "layer" | "rms";
  readonly epsilon: number;
}

/** x W^T + b for x [rows, in]; W as stored, [out, in] (PyTorch) or [in, out] (Conv1D). */
export function linear(
  graph: GraphBuilder,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  stored: "out-in" | "in-out" = "out-in",
): Value {
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return graph.op("Gemm", inputs, { transB: stored === "out-in" ? 1 : 0 });
}

/** Layer normalisation over the last axis. */
export function layerNorm(
  graph: GraphBuilder,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  epsilon: number,
): Value {
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return graph.op("LayerNormalization", inputs, { axis: -1, epsilon: { float: epsilon } });
}

/** Root-mean-square normalisation over the last axis. Source: Zhang and Sennrich 2019 (arXiv 1910.07467). */
export function rmsNorm(graph: GraphBuilder, x: Value, weight: Value, epsilon: number): Value {
  const square = graph.op("Pow", [x, graph.scalar(2)]);
  const mean = graph.op("ReduceMean", [square, graph.integers([-1])], { keepdims: 1 });
  const root = graph.op("Sqrt", [graph.op("Add", [mean, graph.scalar(epsilon)])]);
  return graph.op("Mul", [graph.op("Div", [x, root]), weight]);
}

/** The activation function; six names of GELU are two functions, exact and with the tanh approximation. */
export function activate(graph: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case "gelu":
    case "gelu_python":
      return graph.op("Gelu", [x], { approximate: "none" });
    case "gelu_new":
    case "gelu_fast":
    case "gelu_accurate":
    case "gelu_pytorch_tanh":
    case "gelu_python_tanh":
      return graph.op("Gelu", [x], { approximate: "tanh" });
    case "quick_gelu":
      return gate(graph, x, graph.op("Mul", [x, graph.scalar(1.702)]));
    case "silu":
    case "swish":
      return gate(graph, x, x);
    case "relu":
      return graph.op("Relu", [x]);
    case "relu2": {
      const positive = graph.op("Relu", [x]);
      return graph.op("Mul", [positive, positive]);
    }
    case "tanh":
      return graph.op("Tanh", [x]);
    case "sigmoid":
      return graph.op("Sigmoid", [x]);
  }
}

function gate(graph: GraphBuilder, x: Value, by: Value): Value {
  return graph.op("Mul", [x, graph.op("Sigmoid", [by])]);
}
