import fc from "fast-check";
import { expect, test } from "vitest";

import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "./half.js";

const every16Bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);

function isNaN16(bits: number, infinity: number): boolean {
  return (bits & 0x7fff) > infinity;
}

/** The value of float16 bits by the definition of IEEE 754, in double arithmetic. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest of the sorted non-negative values, ties to the even index: rounding by its definition. */
function nearest(grid: Float64Array, magnitude: number): number {
  let low = 0;
  let high = grid.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (grid[middle]! <= magnitude) low = middle;
    else high = middle;
  }
  const [below, above] = [magnitude - grid[low]!, grid[high]! - magnitude];
  if (below !== above) return below < above ? low : high;
  return low % 2 === 0 ? low : high;
}

test("every float16 value is widened exactly", () => {
  const values = decodeFloat16(every16Bits);
  expect(every16Bits.filter((bits) => !Object.is(values[bits], float16Value(bits)))).toEqual(
    new Uint16Array(),
  );
});

test("every bfloat16 value is widened exactly", () => {
  const words = new Uint32Array(decodeBfloat16(every16Bits).buffer);
  expect(every16Bits.filter((bits) => words[bits] !== bits * 65_536)).toEqual(new Uint16Array());
});

test("every 16-bit value comes back from float32 with the same bits, NaN as NaN", () => {
  for (const { infinity, encode, decode } of formats) {
    const back = new Uint16Array(65_536);
    expect(encode(decode(every16Bits), back)).toBe(-1);
    const isKept = (bits: number) =>
      isNaN16(bits, infinity) ? isNaN16(back[bits]!, infinity) : back[bits] === bits;
    expect(every16Bits.filter((bits) => !isKept(bits))).toEqual(new Uint16Array());
  }
});

const formats = [
  { name: "float16", infinity: 0x7c00, encode: encodeFloat16, decode: decodeFloat16 },
  { name: "bfloat16", infinity: 0x7f80, encode: encodeBfloat16, decode: decodeBfloat16 },
];

for (const { name, infinity, encode, decode } of formats) {
  const grid = Float64Array.from(decode(every16Bits.slice(0, infinity)));
  // The next value the format would have, were its exponent not at its end: from half way on is overflow.
  const beyond = 2 * grid[infinity - 1]! - grid[infinity - 2]!;
  const wide = Float64Array.from([...grid, beyond]);

  test(`${name}: rounds to nearest, ties to even, and reports overflow, on hard cases`, () => {
    const float = new Float32Array(1);
    const word = new Uint32Array(float.buffer);
    const out = new Uint16Array(1);
    for (let i = 0; i < infinity; i++) {
      float[0] = (wide[i]! + wide[i + 1]!) / 2;
      const middle = word[0]!;
      for (const bits of [middle - 1, middle, middle + 1]) {
        word[0] = bits;
        const expected = nearest(wide, float[0]);
        const overflow = encode(float, out);
        if (out[0] !== expected || overflow !== (expected === infinity ? 0 : -1)) {
          expect([float[0], out[0], overflow]).toEqual([float[0], expected, -1]);
        }
      }
    }
  });

  test(`${name}: rounds any finite float32 as the definition says`, () => {
    const float = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(float, (value) => {
        const out = new Uint16Array(1);
        const overflow = encode(Float32Array.of(value), out);
        const magnitude = Math.min(Math.abs(value), beyond);
        expect(out[0]! & 0x7fff).toBe(nearest(wide, magnitude));
        expect(out[0]! >> 15).toBe(Object.is(Math.sign(value), -0) || value < 0 ? 1 : 0);
        expect(overflow).toBe((out[0]! & 0x7fff) === infinity ? 0 : -1);
      }),
      { numRuns: 5000 },
    );
  });
}

test("an infinity is kept and is no overflow; the first of several overflows is reported", () => {
  const out = new Uint16Array(5);
  expect(encodeFloat16(Float32Array.of(Infinity, -Infinity, 65_519.9, 65_520, 1e30), out)).toBe(3);
  expect([...out]).toEqual([0x7c00, 0xfc00, 0x7bff, 0x7c00, 0x7c00]);
  expect(encodeBfloat16(Float32Array.of(Infinity, 3.4e38), out)).toBe(1);
});
