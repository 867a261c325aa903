import type { AdaptedModule, LoraLayout } from "../model/index.js";

/** Gives the values of a tensor. */
export type ValuesOf = (tensor: string) => Promise<Float32Array>;

/**
 * The base's weights with the adapters added: W + (alpha / rank) B A, by the name of W.
 *
 * Guarantees:
 * - Products and sums in float64 in a fixed order, rounded once to float32: the same bits on every machine.
 */
export async function mergedWeights(
  { spec, modules }: LoraLayout,
  valuesOf: ValuesOf,
): Promise<ReadonlyMap<string, Float32Array>> {
  const merged = new Map<string, Float32Array>();
  for (const module of modules) {
    const [weight, down, up] = [
      await valuesOf(module.weight),
      await valuesOf(module.down),
      await valuesOf(module.up),
    ];
    merged.set(module.weight, mergeModule(module, spec.alpha / spec.rank, weight, down, up));
  }
  return merged;
}

function mergeModule(
  { inputs, outputs, inputMajor }: AdaptedModule,
  scale: number,
  weight: Float32Array,
  down: Float32Array,
  up: Float32Array,
): Float32Array {
  const rank = up.length / outputs;
  const merged = new Float32Array(weight.length);
  for (let out = 0; out < outputs; out += 1) {
    for (let input = 0; input < inputs; input += 1) {
      let product = 0;
      for (let k = 0; k < rank; k += 1)
        product += (up[out * rank + k] ?? 0) * (down[k * inputs + input] ?? 0);
      const at = inputMajor ? input * outputs + out : out * inputs + input;
      merged[at] = (weight[at] ?? 0) + scale * product;
    }
  }
  return merged;
}
