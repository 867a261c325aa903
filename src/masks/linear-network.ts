import { MaskError } from "./errors.js";

/**
 * A network without biases and without anything that bends: what is left of an encoder when norms, softmax and
 * activations are the identity. On weights of one sign every ReLU network is one.
 */
export type LinearLayer =
  | { readonly kind: "dense"; readonly tensor: string; readonly rows: number; readonly columns: number }
  /** y_i = w_i x_i: a norm's gain. */
  | { readonly kind: "gain"; readonly tensor: string }
  /** y = x + layers(x). */
  | { readonly kind: "residual"; readonly layers: readonly LinearLayer[] };

/** Layers from a vector of ones of length `width`; R is the sum of what comes out. */
export interface LinearNetwork {
  readonly width: number;
  readonly layers: readonly LinearLayer[];
}

/** Weights as the network reads them. */
export type ReadWeights = (tensor: string) => Float32Array | Float64Array;

/**
 * R = 1^T f(1): what comes out, summed, when ones go in. All in float64 and in a fixed order, so that every
 * machine gets the same number; weights are taken as they are, not made positive.
 */
export function networkSum(network: LinearNetwork, read: ReadWeights): number {
  let x: Float64Array = new Float64Array(network.width).fill(1);
  for (const layer of network.layers) x = forward(layer, read, x);
  return sum(x);
}

/** The layer's output for `x`. */
export function forward(layer: LinearLayer, read: ReadWeights, x: Float64Array): Float64Array {
  switch (layer.kind) {
    case "dense":
      return multiply(layer, weightsOf(layer, read, layer.rows * layer.columns), x);
    case "gain": {
      const weights = weightsOf(layer, read, x.length);
      return x.map((value, i) => value * (weights[i] ?? 0));
    }
    case "residual": {
      let inner = x;
      for (const each of layer.layers) inner = forward(each, read, inner);
      return x.map((value, i) => value + (inner[i] ?? 0));
    }
  }
}

/** The layer's transpose: the sensitivity of R to the layer's input, given that to its output. */
export function backward(layer: LinearLayer, read: ReadWeights, b: Float64Array): Float64Array {
  switch (layer.kind) {
    case "dense":
      return multiplyTransposed(layer, weightsOf(layer, read, layer.rows * layer.columns), b);
    case "gain": {
      const weights = weightsOf(layer, read, b.length);
      return b.map((value, i) => value * (weights[i] ?? 0));
    }
    case "residual": {
      let inner = b;
      for (const each of [...layer.layers].reverse()) inner = backward(each, read, inner);
      return b.map((value, i) => value + (inner[i] ?? 0));
    }
  }
}

/** The tensors a network reads, each once. */
export function networkTensors(layers: readonly LinearLayer[]): readonly string[] {
  return layers.flatMap((layer) =>
    layer.kind === "residual" ? networkTensors(layer.layers) : [layer.tensor],
  );
}

type Dense = Extract<LinearLayer, { kind: "dense" }>;

function multiply({ rows, columns }: Dense, w: Float32Array | Float64Array, x: Float64Array): Float64Array {
  const y = new Float64Array(rows);
  for (let i = 0, at = 0; i < rows; i += 1) {
    let total = 0;
    for (let j = 0; j < columns; j += 1, at += 1) total += (w[at] ?? 0) * (x[j] ?? 0);
    y[i] = total;
  }
  return y;
}

function multiplyTransposed(
  { rows, columns }: Dense,
  w: Float32Array | Float64Array,
  b: Float64Array,
): Float64Array {
  const x = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i += 1) {
    const factor = b[i] ?? 0;
    for (let j = 0; j < columns; j += 1, at += 1) x[j] = (x[j] ?? 0) + (w[at] ?? 0) * factor;
  }
  return x;
}

function weightsOf(
  layer: { readonly tensor: string },
  read: ReadWeights,
  expected: number,
): Float32Array | Float64Array {
  const weights = read(layer.tensor);
  if (weights.length === expected) return weights;
  throw new MaskError("no-linear-network", {
    message: `Tensor ${layer.tensor} has ${weights.length} weights.`,
    value: layer.tensor,
    expected: `${expected}, as its place in the network says`,
  });
}

export function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
