import { chacha20, chacha8 } from "@noble/ciphers/chacha.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { javascriptKernels } from "./javascript.js";
import type { DirectionKernels } from "./kernels.js";
import { webAssemblyKernels } from "./webassembly.js";

function keystream(
  kernels: DirectionKernels,
  key: Uint8Array,
  nonce: Uint8Array,
  first: number,
  blocks: number,
  doubleRounds: number,
): Uint8Array {
  kernels.workspace.key.set(new Uint32Array(Uint8Array.from(key).buffer));
  kernels.workspace.nonce.set(new Uint32Array(Uint8Array.from(nonce).buffer));
  kernels.keystream(first, blocks, doubleRounds);
  return new Uint8Array(new Uint32Array(kernels.workspace.words.subarray(0, blocks * 16)).buffer);
}

for (const kernels of [javascriptKernels(), webAssemblyKernels()!]) {
  test(`${kernels.name}: RFC 8439, section 2.3.2: ChaCha20 block 1`, () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    const nonce = Uint8Array.from([0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0]);
    expect(Buffer.from(keystream(kernels, key, nonce, 1, 1, 10)).toString("hex")).toBe(
      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" +
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
    );
  });

  test(`${kernels.name}: agrees with @noble/ciphers chacha8 and chacha20 for any key, nonce and block`, () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        fc.integer({ min: 0, max: 2 ** 32 - 200 }),
        fc.integer({ min: 1, max: 128 }),
        (key, nonce, first, blocks) => {
          const zeros = new Uint8Array(blocks * 64);
          const eight = Buffer.from(keystream(kernels, key, nonce, first, blocks, 4));
          const twenty = Buffer.from(keystream(kernels, key, nonce, first, blocks, 10));
          expect(eight.equals(chacha8(key, nonce, zeros, undefined, first))).toBe(true);
          expect(twenty.equals(chacha20(key, nonce, zeros, undefined, first))).toBe(true);
        },
      ),
    );
  });
}
