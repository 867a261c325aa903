import { sha256 } from "@noble/hashes/sha2.js";

const domain = new TextEncoder().encode("dpzo/direction/1\n");

/**
 * The ChaCha key of one tensor in one run: SHA-256("dpzo/direction/1\n" || run seed || name in UTF-8).
 *
 * Both prefixes have a fixed length, so different (seed, name) pairs hash different bytes.
 *
 * @returns 8 words, little-endian.
 */
export function directionKey(runSeed: Uint8Array, tensor: string): Uint32Array {
  const digest = sha256
    .create()
    .update(domain)
    .update(runSeed)
    .update(new TextEncoder().encode(tensor))
    .digest();
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  return Uint32Array.from({ length: 8 }, (_, i) => view.getUint32(i * 4, true));
}

/** Keeps the keys of one run, so that a step hashes nothing; another seed empties it. */
export class KeyCache {
  readonly #seed = new Uint8Array(32);
  readonly #keys = new Map<string, Uint32Array>();

  /** The key of `tensor`; compares the seed's bytes, because a caller may have overwritten its array. */
  get(runSeed: Uint8Array, tensor: string): Uint32Array {
    if (!this.#seed.every((byte, i) => byte === runSeed[i])) {
      this.#keys.clear();
      this.#seed.set(runSeed);
    }
    let key = this.#keys.get(tensor);
    if (key === undefined) {
      key = directionKey(runSeed, tensor);
      this.#keys.set(tensor, key);
    }
    return key;
  }
}
