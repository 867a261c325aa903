import type { DirectionEngine } from "./engine.js";
import { DirectionError } from "./errors.js";
import type { DirectionStream } from "./stream.js";

/** A tensor's name and how many weights it has. */
export interface TensorLength {
  readonly name: string;
  readonly length: number;
}

/**
 * The `scale` of one direction over all trained tensors: sqrt(d) / norm for `sphere`, 1 for the others.
 *
 * With it the tensors' values together are uniform on the sphere of radius sqrt(d), d = all trained weights; the
 * squared norms are summed in f64 in the order of `tensors`, which is therefore part of the plan.
 *
 * @throws {DirectionError} code `invalid-scale` if there are no weights, so no sphere.
 * @example
 * const scale = directionScale(engine, { runSeed, step, direction, distribution: "sphere" }, tensors);
 * @see Zhang et al. 2024 (DPZero), https://arxiv.org/abs/2310.09639: directions uniform on the sphere of radius sqrt(d)
 */
export function directionScale(
  engine: DirectionEngine,
  stream: Omit<DirectionStream, "tensor" | "scale">,
  tensors: readonly TensorLength[],
): number {
  if (stream.distribution !== "sphere") return 1;
  let squaredNorm = 0;
  let dimension = 0;
  for (const { name, length } of tensors) {
    squaredNorm += engine.squaredNorm({ ...stream, tensor: name }, length);
    dimension += length;
  }
  if (squaredNorm > 0) return Math.fround(Math.sqrt(dimension) / Math.sqrt(squaredNorm));
  throw new DirectionError("invalid-scale", {
    message: `A sphere direction over ${dimension} weights has norm 0.`,
    value: dimension,
    expected: "at least one trained weight",
  });
}
