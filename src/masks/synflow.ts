import {
  backward,
  forward,
  type LinearLayer,
  type LinearNetwork,
  networkSum,
  type ReadWeights,
  sum,
} from "./linear-network.js";

/**
 * SynFlow's scores, exactly: S = |w| dR/d|w| over R, for R the sum that comes out of the network of |w| when ones
 * go in.
 *
 * Guarantees:
 * - In a chain without residuals the scores of each layer add up to 1 (to R, before the division): they are conserved.
 * - A function of the weights alone, with the same bits on every machine: float64 in a fixed order, then rounded.
 * - Neither deep nor wide networks overflow: each layer is taken relative to the sum that passes through it.
 *
 * The network is linear, so the derivative is one pass forward and one through the transposed layers. It equals what
 * two evaluations a group give, {@link groupScoreByDifferences}, at the cost of two for all groups together.
 *
 * @returns scores of the network's own tensors; others have none
 * @see Tanaka et al. 2020, arXiv 2006.05467; methods.md 3
 */
export function synflowScores(network: LinearNetwork, read: ReadWeights): Map<string, Float32Array> {
  const positive = magnitudes(read);
  const scores = new Map<string, Float64Array>();
  const inputs: Float64Array[] = [new Float64Array(network.width).fill(1)];
  for (const layer of network.layers) inputs.push(relative(forward(layer, positive, last(inputs))));
  let b: Float64Array = new Float64Array(last(inputs).length).fill(1);
  for (let at = network.layers.length - 1; at >= 0; at -= 1) {
    const layer = network.layers[at];
    const a = inputs[at];
    if (layer === undefined || a === undefined) continue;
    const before = backward(layer, positive, b);
    const through = dot(a, before);
    addScores(scores, [layer], positive, a, b, through);
    b = relative(before);
  }
  return new Map([...scores].map(([tensor, values]) => [tensor, Float32Array.from(values)]));
}

/**
 * [R(w_G (1 + t)) - R(w_G (1 - t))] / (2 t) on |w|: the sum of S over a group of one tensor, in two evaluations and
 * without a derivative. R is linear in the weights of one tensor, so it is exact up to rounding for every t.
 *
 * @param group whether a weight of `tensor`, by index, is in the group
 * @see methods.md 3, item 1
 */
export function groupScoreByDifferences(
  network: LinearNetwork,
  read: ReadWeights,
  tensor: string,
  group: (index: number) => boolean,
  t = 0.5,
): number {
  const positive = magnitudes(read);
  const scaled =
    (factor: number): ReadWeights =>
    (name) => {
      const weights = positive(name);
      if (name !== tensor) return weights;
      return Float64Array.from(weights, (weight, index) => (group(index) ? weight * factor : weight));
    };
  return (networkSum(network, scaled(1 + t)) - networkSum(network, scaled(1 - t))) / (2 * t);
}

/** |w|, each tensor made positive once. */
export function magnitudes(read: ReadWeights): ReadWeights {
  const known = new Map<string, Float32Array | Float64Array>();
  return (tensor) => {
    let values = known.get(tensor);
    if (values === undefined) {
      values = read(tensor).map(Math.abs);
      known.set(tensor, values);
    }
    return values;
  };
}

/** Adds w_ij a_j b_i / through for every weight of `layers`, a chain from `a` whose output's sensitivity is `b`. */
function addScores(
  scores: Map<string, Float64Array>,
  layers: readonly LinearLayer[],
  read: ReadWeights,
  a: Float64Array,
  b: Float64Array,
  through: number,
): void {
  const inputs = [a];
  for (const layer of layers) inputs.push(forward(layer, read, last(inputs)));
  let after = b;
  for (let at = layers.length - 1; at >= 0; at -= 1) {
    const layer = layers[at];
    const input = inputs[at];
    if (layer === undefined || input === undefined) continue;
    if (layer.kind === "residual") addScores(scores, layer.layers, read, input, after, through);
    else addTensor(scores, layer, read(layer.tensor), input, after, through);
    after = backward(layer, read, after);
  }
}

function addTensor(
  scores: Map<string, Float64Array>,
  layer: Exclude<LinearLayer, { kind: "residual" }>,
  weights: Float32Array | Float64Array,
  a: Float64Array,
  b: Float64Array,
  through: number,
): void {
  const total = scores.get(layer.tensor) ?? new Float64Array(weights.length);
  const columns = layer.kind === "dense" ? layer.columns : 1;
  for (let index = 0; index < weights.length; index += 1) {
    const row = Math.floor(index / columns);
    const input = a[layer.kind === "dense" ? index % columns : row] ?? 0;
    const share = through > 0 ? ((weights[index] ?? 0) * input * (b[row] ?? 0)) / through : 0;
    total[index] = (total[index] ?? 0) + share;
  }
  scores.set(layer.tensor, total);
}

/** Divided by the largest entry, unless all are zero: only ratios within a layer matter. */
function relative(values: Float64Array): Float64Array {
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  return largest > 0 ? values.map((value) => value / largest) : values;
}

function dot(a: Float64Array, b: Float64Array): number {
  return sum(a.map((value, i) => value * (b[i] ?? 0)));
}

function last(list: readonly Float64Array[]): Float64Array {
  return list[list.length - 1] ?? new Float64Array();
}
