import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "@noble/hashes/utils.js";

import type { DirectionEngine } from "../directions/index.js";
import type { ModelDescription } from "../model/index.js";

const domain = new TextEncoder().encode("dpzo/adapter-seed/1\n");

/** SHA-256("dpzo/adapter-seed/1\n" || run seed): adapters share no value with directions or masks. */
export function adapterSeed(runSeed: string): Uint8Array {
  return sha256.create().update(domain).update(hexToBytes(runSeed)).digest();
}

/** Standard deviation of the keys and values of virtual tokens, that of most models' own first weights. */
const virtualDeviation = Math.fround(0.02);

/**
 * What the adapters of a run start from: A normal with variance 1 / (3 in), the variance of PEFT's uniform start, and
 * B zero, so that the adapted model starts as the base. Virtual keys and values are small and normal.
 *
 * Guarantees:
 * - A pure function of the plan's public run seed and the tensors' names and shapes, with the same bits on every
 *   machine: replay needs no file of adapters.
 *
 * @param description with adapters
 * @param runSeed 64 hex digits
 * @see Hu et al. 2021 (arXiv 2106.09685), section 4.1
 */
export function startingValues(
  description: ModelDescription,
  runSeed: string,
  engine: DirectionEngine,
): ReadonlyMap<string, Float32Array> {
  const { adapter, tensors } = description;
  if (adapter === undefined) return new Map();
  const seed = adapterSeed(runSeed);
  if (!("modules" in adapter)) {
    const length = (name: string): number => (tensors.get(name) ?? []).reduce((a, b) => a * b, 1);
    return new Map(
      adapter.tensors.map((name) => [name, scaledNormal(engine, seed, name, length(name), virtualDeviation)]),
    );
  }
  const { rank } = adapter.spec;
  return new Map(
    adapter.modules.flatMap(({ down, up, inputs, outputs }): [string, Float32Array][] => [
      [down, scaledNormal(engine, seed, down, rank * inputs, Math.fround(1 / Math.sqrt(3 * inputs)))],
      [up, new Float32Array(outputs * rank)],
    ]),
  );
}

function scaledNormal(
  engine: DirectionEngine,
  runSeed: Uint8Array,
  tensor: string,
  length: number,
  scale: number,
): Float32Array {
  const values = new Float32Array(length);
  engine.fill({ runSeed, step: 0, direction: 0, tensor, distribution: "gaussian" }, values);
  return values.map((value) => value * scale);
}
