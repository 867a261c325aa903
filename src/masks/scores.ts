import type { DirectionEngine } from "../directions/index.js";
import { MaskError } from "./errors.js";
import type { MaskGranularity } from "./spec.js";

/** One float32 score a weight, by tensor. */
export type Scores = ReadonlyMap<string, Float32Array>;

/** Never kept before another weight, and so only at a ratio that leaves nothing out. */
const lastResort = -Infinity;

/** What an exact zero says: nothing reads the weight, or it starts from there, as an adapter's do. */
export type ZeroMeans = "dead" | "small";

/**
 * Smaller weights score higher, exact zeros last where they are dead (rows that nothing reads): no use to train.
 *
 * @see Sparse-MeZO, arXiv 2402.15751; methods.md, D11
 */
export function smallMagnitude(weights: Float32Array, zero: ZeroMeans = "dead"): Float32Array {
  return weights.map((weight) => (weight === 0 ? zeroScore(zero) : -Math.abs(weight)));
}

/** Larger weights score higher, exact zeros last. */
export function largeMagnitude(weights: Float32Array, zero: ZeroMeans = "dead"): Float32Array {
  return weights.map((weight) => (weight === 0 ? zeroScore(zero) : Math.abs(weight)));
}

function zeroScore(zero: ZeroMeans): number {
  return zero === "dead" ? lastResort : 0;
}

/**
 * Scores without meaning: standard normal values from a public seed.
 *
 * @param seed 32 public bytes that no direction uses
 * @param round another number gives other scores
 */
export function randomScores(
  engine: DirectionEngine,
  seed: Uint8Array,
  round: number,
  tensor: string,
  length: number,
): Float32Array {
  const scores = new Float32Array(length);
  engine.fill({ runSeed: seed, step: round, direction: 0, tensor, distribution: "gaussian" }, scores);
  return scores;
}

/**
 * Gives every weight of a group the group's mean score, so that groups are kept or left as one.
 *
 * Weights of last resort do not count in the mean, and a group of nothing else is of last resort itself. The
 * mean is taken in float64, in the order of the indices, and rounded to float32.
 *
 * @throws {MaskError} `shape-missing` when rows are asked for and the tensor's shape is not known.
 */
export function groupScores(
  tensor: string,
  scores: Float32Array,
  granularity: MaskGranularity,
  shape: readonly number[] | undefined,
): Float32Array {
  if (granularity === "weight") return scores;
  const size = granularity === "tensor" ? scores.length : rowLength(tensor, scores.length, shape);
  const grouped = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += size) {
    grouped.fill(meanScore(scores.subarray(start, start + size)), start, start + size);
  }
  return grouped;
}

function meanScore(scores: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (const score of scores) {
    if (!Number.isFinite(score)) continue;
    sum += score;
    count += 1;
  }
  return count === 0 ? lastResort : sum / count;
}

/** Weights in a row of the first axis; every weight of a vector is a row of its own. */
function rowLength(tensor: string, length: number, shape: readonly number[] | undefined): number {
  const rows = shape?.[0];
  if (rows !== undefined && rows > 0 && length % rows === 0) return length / rows;
  throw new MaskError("shape-missing", {
    message: `The rows of ${tensor} are not known.`,
    value: tensor,
    expected: "the model's description, which has every tensor's shape",
  });
}
