import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSource } from "./byte-source.js";
import type { RandomBytes } from "./random-bytes.js";

/** A reproducible stream (AES-128-CTR of zeros); tests only. */
function keyedBytes(key: number): RandomBytes {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

/** Hands out the given bytes, again and again. */
function cycle(bytes: readonly number[]): RandomBytes {
  let next = 0;
  return (out) => {
    for (let i = 0; i < out.length; i++) out[i] = bytes[next++ % bytes.length]!;
  };
}

test("Every integer below the bound is equally likely, exactly, if the bytes are uniform.", () => {
  // All 256 values of one byte, or all 65,536 of two, are fed in; each result must come out equally often.
  const all256 = Array.from({ length: 256 }, (_, i) => i);
  for (const bound of [2, 3, 5, 7, 10, 100, 200, 255, 256]) {
    const source = new ByteSource(cycle(all256), 256);
    const counts = new Array<number>(bound).fill(0);
    const bits = Math.ceil(Math.log2(bound));
    const accepted = bound * 2 ** (8 - bits);
    for (let i = 0; i < accepted; i++) counts[source.below(bound)]! += 1;
    expect(counts).toEqual(new Array(bound).fill(2 ** (8 - bits)));
  }
  const pairs = Array.from({ length: 65_536 }, (_, i) => [i >> 8, i & 255]).flat();
  const source = new ByteSource(cycle(pairs), 1024);
  const counts = new Array<number>(300).fill(0);
  for (let i = 0; i < 300 * 128; i++) counts[source.below(300)]! += 1;
  expect(counts).toEqual(new Array(300).fill(128));
});

test("A byte is used once, and is set to zero in the buffer as it is used; `wipe` zeroes the rest.", () => {
  let buffer = new Uint8Array();
  const source = new ByteSource((out) => {
    buffer = out as Uint8Array<ArrayBuffer>;
    for (let i = 0; i < out.length; i++) out[i] = i + 1;
  }, 64);
  expect([source.byte(), source.byte(), source.byte()]).toEqual([1, 2, 3]);
  expect([...buffer.subarray(0, 5)]).toEqual([0, 0, 0, 4, 5]);
  source.wipe();
  expect(buffer.every((byte) => byte === 0)).toBe(true);
  expect(source.byte()).toBe(1);
});

test("A generator that is stuck on one byte value is refused, where it would make constant noise.", () => {
  for (const value of [0, 255]) {
    const source = new ByteSource((out) => void out.fill(value));
    expect(() => source.below(10)).toThrow(expect.objectContaining({ code: "stuck-random-source" }));
  }
});

test("plain and BigInt draws stay below their bound and reach beyond 32 bits", () => {
  const source = new ByteSource(keyedBytes(1));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bound) => {
      const value = source.below(bound);
      return Number.isSafeInteger(value) && value >= 0 && value < bound;
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 1n << 200n }), (bound) => {
      const value = source.belowBigInt(bound);
      return value >= 0n && value < bound;
    }),
  );
  const large = Array.from({ length: 200 }, () => source.below(2 ** 53));
  expect(Math.max(...large)).toBeGreaterThan(2 ** 52);
  expect(large.some((value) => value % 2 === 1)).toBe(true);
});

test("BigInt draws are uniform: every value of a small bound comes out equally often", () => {
  const source = new ByteSource(cycle(Array.from({ length: 256 }, (_, i) => i)), 256);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 160; i++) counts[Number(source.belowBigInt(10n))]! += 1;
  expect(counts).toEqual(new Array(10).fill(16));
  expect(source.belowBigInt(1n)).toBe(0n);
});

test("a bound that is not one is refused", () => {
  const source = new ByteSource(keyedBytes(2));
  for (const bound of [0, -1, 1.5, NaN, Infinity, 2 ** 54]) {
    expect(() => source.below(bound)).toThrow(expect.objectContaining({ code: "invalid-bound" }));
  }
  expect(() => source.belowBigInt(0n)).toThrow(expect.objectContaining({ code: "invalid-bound" }));
});
