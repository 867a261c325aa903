import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** The kept weights of one tensor. Position in `indices` is the index into the direction's stream. */
export interface TensorMask {
  /** Flat indices, ascending, without repeats. */
  readonly indices: Uint32Array;
  /** Factor of each kept weight's direction, in perturbation and update alike; absent: 1. */
  readonly factors?: Float32Array | undefined;
}

/** The kept weights of a stage by tensor, in the order of the stage's tensors; a tensor may keep none. */
export type Mask = ReadonlyMap<string, TensorMask>;

/** |M|: how many weights are kept. */
export function maskSize(mask: Mask): number {
  let size = 0;
  for (const { indices } of mask.values()) size += indices.length;
  return size;
}

/** The tensors of which anything is kept. */
export function keptTensors(mask: Mask): readonly string[] {
  return [...mask].filter(([, { indices }]) => indices.length > 0).map(([tensor]) => tensor);
}

/**
 * SHA-256 over names, indices and factors: two masks with one digest are the same.
 *
 * A function of public values, so it may be published; replay makes the mask anew and never reads it.
 */
export function maskDigest(mask: Mask): string {
  const hash = sha256.create().update(new TextEncoder().encode("dpzo/mask/1\n"));
  for (const [tensor, { indices, factors }] of mask) {
    const head = `${JSON.stringify(tensor)} ${indices.length} ${factors === undefined ? 0 : 1}\n`;
    hash.update(new TextEncoder().encode(head)).update(littleEndian(indices));
    if (factors !== undefined) hash.update(littleEndian(factors));
  }
  return bytesToHex(hash.digest());
}

function littleEndian(values: Uint32Array | Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    if (values instanceof Uint32Array) view.setUint32(4 * index, value, true);
    else view.setFloat32(4 * index, value, true);
  });
  return bytes;
}

/**
 * The positions of a tensor's mask whose indices lie in [from, to): a range, because indices ascend.
 *
 * @example
 * rangeOfIndices(Uint32Array.of(1, 5, 9), 4, 10); // [1, 3]
 */
export function rangeOfIndices(indices: Uint32Array, from: number, to: number): readonly [number, number] {
  return [lowerBound(indices, from), lowerBound(indices, to)];
}

/** The first position whose index is at least `value`. */
function lowerBound(indices: Uint32Array, value: number): number {
  let low = 0;
  let high = indices.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((indices[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
