import { checkedNumber, type DirectionEngine } from "./engine.js";
import type { DirectionStream } from "./stream.js";

const { fround } = Math;

/**
 * The weights of one tensor that a direction moves. Position j in `indices` takes value j of the stream, so a
 * direction costs as many values as there are indices, wherever they lie; where all weights are kept it is the
 * dense direction.
 */
export interface KeptWeights {
  /** Flat indices, ascending. */
  readonly indices: Uint32Array;
  /** Factor on each kept weight's value of the direction, in perturbation and update alike; absent: 1. */
  readonly factors?: Float32Array | undefined;
}

/**
 * Writes w + phi f z to `plus` and w - phi f z to `minus` at the kept indices, and nothing anywhere else.
 *
 * Guarantees:
 * - With all indices and no factors it is `engine.perturb`, bit for bit; a factor of 1 is as none.
 * - Canonical weights are only read.
 *
 * @param range the positions in `indices` to write, all by default; value j of the stream belongs to position j
 * @param offset subtracted from an index to find its place in the three arrays, which may be one part of the tensor
 * @throws {DirectionError} code `invalid-number`, and those of the stream; nothing is written then.
 */
export function perturbKept(
  engine: DirectionEngine,
  weights: Float32Array,
  { indices, factors }: KeptWeights,
  stream: DirectionStream,
  smoothing: number,
  plus: Float32Array,
  minus: Float32Array,
  [from, to]: readonly [number, number] = [0, indices.length],
  offset = 0,
): void {
  checkedNumber("smoothing", smoothing);
  if (factors === undefined && indices.length === weights.length && to - from === weights.length) {
    engine.perturb(weights, stream, smoothing, plus, minus);
    return;
  }
  const places = indices.subarray(from, to);
  const kept = gatherKept(weights, places, offset);
  const [up, down] = [new Float32Array(kept.length), new Float32Array(kept.length)];
  if (factors === undefined && from === 0) {
    engine.perturb(kept, stream, smoothing, up, down);
  } else {
    const z = new Float32Array(kept.length);
    engine.fill(stream, z, from);
    if (factors !== undefined) multiply(z, factors.subarray(from, to));
    perturbAlong(kept, z, smoothing, up, down);
  }
  // Packed first and scattered last: the arithmetic is in order in memory, and each scattered place is touched once.
  for (let j = 0; j < places.length; j += 1) {
    const at = (places[j] ?? 0) - offset;
    plus[at] = up[j] ?? 0;
    minus[at] = down[j] ?? 0;
  }
}

function multiply(z: Float32Array, factors: Float32Array): void {
  for (let j = 0; j < z.length; j += 1) z[j] = (factors[j] ?? 0) * (z[j] ?? 0);
}

/** What `engine.perturb` does, along values that are made already. */
function perturbAlong(
  weights: Float32Array,
  z: Float32Array,
  smoothing: number,
  plus: Float32Array,
  minus: Float32Array,
): void {
  const phi = fround(smoothing);
  for (let j = 0; j < z.length; j += 1) {
    const shift = fround(phi * (z[j] ?? 0));
    plus[j] = (weights[j] ?? 0) + shift;
    minus[j] = (weights[j] ?? 0) - shift;
  }
}

/**
 * Moves the kept weights in place as `engine.update` moves all, along f z for each direction.
 *
 * Guarantees:
 * - With all indices and no factors it is `engine.update`, bit for bit; a factor of 1 is as none.
 * - Other weights are not touched.
 *
 * @param anchor the anchors of the kept weights, in the order of the indices
 * @throws {DirectionError} as `engine.update`; nothing is written then.
 */
export function updateKept(
  engine: DirectionEngine,
  weights: Float32Array,
  { indices, factors }: KeptWeights,
  anchor: Float32Array | undefined,
  streams: readonly DirectionStream[],
  coefficients: Float32Array,
  learningRate: number,
  pull: number,
): void {
  if (factors === undefined && indices.length === weights.length) {
    engine.update(weights, anchor, streams, coefficients, learningRate, pull);
    return;
  }
  const kept = gatherKept(weights, indices);
  if (factors === undefined) {
    engine.update(kept, anchor, streams, coefficients, learningRate, pull);
  } else {
    weightedUpdate(engine, kept, factors, anchor, streams, coefficients, learningRate, pull);
  }
  for (let j = 0; j < indices.length; j += 1) weights[indices[j] ?? 0] = kept[j] ?? 0;
}

/** The kept weights, packed. @param offset subtracted from each index */
export function gatherKept(weights: Float32Array, indices: Uint32Array, offset = 0): Float32Array {
  const kept = new Float32Array(indices.length);
  for (let j = 0; j < indices.length; j += 1) kept[j] = weights[(indices[j] ?? 0) - offset] ?? 0;
  return kept;
}

/** The update with each sum of coefficient * z multiplied by its factor, rounded to float32 after each operation. */
function weightedUpdate(
  engine: DirectionEngine,
  kept: Float32Array,
  factors: Float32Array,
  anchor: Float32Array | undefined,
  streams: readonly DirectionStream[],
  coefficients: Float32Array,
  learningRate: number,
  pull: number,
): void {
  const sums = new Float32Array(kept.length);
  // From 0 with learning rate -1 an update leaves the sum itself.
  engine.update(sums, undefined, streams, coefficients, -1, 0);
  const [rate, towards] = [fround(learningRate), fround(pull)];
  const divisor = fround(1 + towards);
  for (let j = 0; j < kept.length; j += 1) {
    const move = fround(rate * fround((factors[j] ?? 0) * (sums[j] ?? 0)));
    const weight = kept[j] ?? 0;
    if (towards === 0 || anchor === undefined) kept[j] = weight - move;
    else kept[j] = fround(fround(weight + fround(towards * (anchor[j] ?? 0))) - move) / divisor;
  }
}
