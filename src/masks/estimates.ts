import { type LinearNetwork, networkSum, networkTensors, type ReadWeights } from "./linear-network.js";
import { magnitudes } from "./synflow.js";

/** Fills `out` with standard normal values, the same for the same query, tensor and length. Public. */
export type FillNormal = (query: number, tensor: string, out: Float32Array) => void;

/** Half the distance between the two points of an estimate, in units of a direction (DP-ZOPO's zero_order_eps). */
const smoothing = 1e-3;

type Vectors = ReadonlyMap<string, Float64Array>;

/**
 * SynFlow's scores by zeroth-order estimate: |w| times the mean over directions z of z (R(|w| + e z) - R(|w| - e z)) / (2e).
 *
 * An estimate of d numbers from a few evaluations: its noise is that of d weights over the directions, so it ranks
 * well only in networks of few weights. It is here to be compared with {@link import("./synflow.js").synflowScores}.
 *
 * @param queries random directions
 */
export function synflowEstimate(
  network: LinearNetwork,
  read: ReadWeights,
  queries: number,
  fill: FillNormal,
): Map<string, Float32Array> {
  const positive = doubles(network, magnitudes(read));
  const gradient = gradientEstimate(network, positive, queries, fill);
  return products(positive, gradient, Math.abs(networkSum(network, reader(positive))));
}

/**
 * DP-ZOPO's score by zeroth-order estimate: w . (H g) of R on |w|, as the difference of two gradient estimates a
 * small step along the first apart.
 *
 * Both estimates use the same directions, and the quotient is divided by the step: with fresh directions for the second,
 * as in the published code, the difference is noise (methods.md, D12).
 *
 * @see Wang et al. 2020 (GraSP), arXiv 2002.07376; methods.md 3
 */
export function graspEstimate(
  network: LinearNetwork,
  read: ReadWeights,
  queries: number,
  fill: FillNormal,
): Map<string, Float32Array> {
  const positive = doubles(network, magnitudes(read));
  const first = gradientEstimate(network, positive, queries, fill);
  // A step that moves the weights by `smoothing` of their own length, whatever the gradient's scale is.
  const step = (smoothing * norm(positive)) / Math.max(norm(first), Number.MIN_VALUE);
  const second = gradientEstimate(network, moved(positive, first, step), queries, fill);
  const product = combined(first, second, (before, after) => (after - before) / step);
  return products(positive, product, Math.max(norm(first), Number.MIN_VALUE));
}

/** The mean over directions of z (R(w + e z) - R(w - e z)) / (2e). */
export function gradientEstimate(
  network: LinearNetwork,
  weights: Vectors,
  queries: number,
  fill: FillNormal,
): Vectors {
  const gradient = new Map([...weights].map(([tensor, w]) => [tensor, new Float64Array(w.length)]));
  for (let query = 0; query < queries; query += 1) {
    const z = new Map<string, Float64Array>();
    for (const [tensor, w] of weights) {
      const values = new Float32Array(w.length);
      fill(query, tensor, values);
      z.set(tensor, Float64Array.from(values));
    }
    const plus = networkSum(network, reader(moved(weights, z, smoothing)));
    const minus = networkSum(network, reader(moved(weights, z, -smoothing)));
    const along = (plus - minus) / (2 * smoothing) / queries;
    for (const [tensor, total] of gradient) {
      z.get(tensor)?.forEach((value, i) => (total[i] = (total[i] ?? 0) + along * value));
    }
  }
  return gradient;
}

function doubles(network: LinearNetwork, read: ReadWeights): Vectors {
  return new Map(networkTensors(network.layers).map((tensor) => [tensor, Float64Array.from(read(tensor))]));
}

function reader(vectors: Vectors): ReadWeights {
  return (tensor) => vectors.get(tensor) ?? new Float64Array();
}

function moved(weights: Vectors, along: Vectors, step: number): Vectors {
  return combined(weights, along, (weight, direction) => weight + step * direction);
}

function combined(a: Vectors, b: Vectors, join: (x: number, y: number) => number): Vectors {
  return new Map(
    [...a].map(([tensor, x]) => [tensor, x.map((value, i) => join(value, b.get(tensor)?.[i] ?? 0))]),
  );
}

function norm(vectors: Vectors): number {
  let squares = 0;
  for (const values of vectors.values()) for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

/** w_i v_i / unit in float32; the unit keeps large sums inside its range. */
function products(weights: Vectors, values: Vectors, unit: number): Map<string, Float32Array> {
  const joined = combined(weights, values, (w, v) => (w * v) / (unit > 0 ? unit : 1));
  return new Map([...joined].map(([tensor, scores]) => [tensor, Float32Array.from(scores)]));
}
