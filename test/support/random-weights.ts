import type { ModelDescription } from "../../src/model/description.js";
import { seededNumbers } from "./tiny-model.js";

/** Weights of a size at which attention and activations matter and rounding is not blown up; the same everywhere. */
export function randomWeights(description: ModelDescription, seed: number): Map<string, Float32Array> {
  const next = seededNumbers(seed);
  return new Map(
    [...description.tensors].map(([name, shape]) => {
      const isNorm = /norm|ln_/iu.test(name) && name.endsWith("weight");
      const scale = shape.length > 1 ? 2 / Math.sqrt(shape.at(-1) ?? 1) : 0.5;
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length }, () => (isNorm ? 1 : 0) + scale * next())];
    }),
  );
}
