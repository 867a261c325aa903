import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import type { TensorInfo } from "./header.js";

/** A running SHA-256. */
export interface StreamingHash {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** Makes a running SHA-256; `nodeSha256` of dpzo/node is several times faster than the portable one. */
export type CreateHash = () => StreamingHash;

/** SHA-256 in JavaScript, for every platform. */
export const portableSha256: CreateHash = () => {
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
};

/** First bytes that are hashed, so that no other format can have the same digest. */
const domain = "dpzo-checkpoint-digest/1\n";

/**
 * SHA-256 over the canonical description of a checkpoint, in hexadecimal.
 *
 * Guarantees: depends on the bytes of config.json and on each tensor's name, dtype, shape and data, and on
 * nothing else: not on how tensors are split over files, on their order, or on metadata.
 * The byte layout is in docs/checkpoints.md; every field carries its length, so no two descriptions collide.
 */
export async function checkpointDigest(
  config: Uint8Array,
  tensors: Iterable<TensorInfo>,
  data: (tensor: TensorInfo) => AsyncIterable<Uint8Array>,
  createHash: CreateHash = portableSha256,
): Promise<string> {
  const hash = createHash();
  const encoder = new TextEncoder();
  const text = (value: string): void => {
    const bytes = encoder.encode(value);
    hash.update(lengthField(bytes.length));
    hash.update(bytes);
  };
  hash.update(encoder.encode(domain));
  hash.update(lengthField(config.length));
  hash.update(config);
  const sorted = sortByName(tensors);
  hash.update(lengthField(sorted.length));
  for (const tensor of sorted) {
    text(tensor.name);
    text(tensor.dtype);
    hash.update(lengthField(tensor.shape.length));
    for (const size of tensor.shape) hash.update(lengthField(size));
    hash.update(lengthField(tensor.bytes));
    for await (const piece of data(tensor)) hash.update(piece);
  }
  return bytesToHex(hash.digest());
}

/** By the bytes of the name in UTF-8, which is the order any language can reproduce. */
function sortByName(tensors: Iterable<TensorInfo>): TensorInfo[] {
  const encoder = new TextEncoder();
  const keyed = [...tensors].map((tensor) => ({ tensor, key: encoder.encode(tensor.name) }));
  return keyed.sort((a, b) => compareBytes(a.key, b.key)).map(({ tensor }) => tensor);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function lengthField(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
