import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fit, remainders } from "../../tools/kernels/fit.js";
import { radius, turnedCosine, turnedSine } from "./gaussian.js";
import { javascriptKernels } from "./javascript.js";
import { webAssemblyKernels } from "./webassembly.js";

/** The awkward words: ends, powers of two and their neighbours, where the mantissa wraps; and many in between. */
const words = [
  ...Array.from({ length: 32 }, (_, bit) => [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]).flat(),
  ...Array.from({ length: 32 }, (_, bit) =>
    [-2, -1, 0, 1, 2].map((d) => Math.round(Math.SQRT1_2 * 2 ** bit) + d),
  ),
  ...Array.from({ length: 9 }, (_, i) => [i * 2 ** 29 - 1, i * 2 ** 29, i * 2 ** 29 + 1]),
  ...Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 0),
]
  .flat()
  .filter((word) => word >= 0 && word < 2 ** 32);

function largest(error: (word: number) => number): number {
  return words.reduce((worst, word) => Math.max(worst, error(word)), 0);
}

/** -2 ln u with u's own rounding to f32 taken as given; log1p keeps the digits of a u near 1. */
function exactRadius(word: number): number {
  const u = Math.fround(Math.max(word, 1)) * 2 ** -32;
  return Math.sqrt(-2 * Math.log1p(u - 1));
}

test("the radius is within 2.5e-7 (relative) of sqrt(-2 ln u), and ends at 0 and 6.66", () => {
  expect(
    largest((word) => Math.abs(radius(word) - exactRadius(word)) / (exactRadius(word) || 1)),
  ).toBeLessThan(2.5e-7);
  expect(radius(2 ** 32 - 1)).toBeCloseTo(0, 10);
  expect(radius(0)).toBe(radius(1));
  expect(radius(1)).toBeCloseTo(Math.sqrt(64 * Math.LN2), 6);
});

test("sine and cosine are within 1.5e-7 (absolute) of those of 2 pi (word + 1/2) / 2^32, in all quadrants", () => {
  const angle = (word: number): number => (2 * Math.PI * (word + 0.5)) / 2 ** 32;
  expect(largest((word) => Math.abs(turnedCosine(word) - Math.cos(angle(word))))).toBeLessThan(1.5e-7);
  expect(largest((word) => Math.abs(turnedSine(word) - Math.sin(angle(word))))).toBeLessThan(1.5e-7);
});

test("turning by half a circle, and mirroring, give exactly opposite and equal values: the mean is exactly 0", () => {
  const broken = words.filter((word) => {
    const opposite = (word + 2 ** 31) % 2 ** 32;
    const mirrored = 2 ** 32 - 1 - word;
    return turnedCosine(opposite) !== -turnedCosine(word) || turnedSine(mirrored) !== -turnedSine(word);
  });
  expect(broken).toEqual([]);
});

test("the WebAssembly kernel gives the same bits for every awkward word, as radius and as angle", () => {
  const javascript = javascriptKernels();
  const webAssembly = webAssemblyKernels()!;
  for (let start = 0; start < words.length; start += 1024) {
    const block = (shift: number): Uint32Array =>
      Uint32Array.from({ length: 2048 }, (_, i) => {
        const pair = (i >> 4) * 8 + (i & 7);
        return words[(start + pair + (i & 8 ? shift : 0)) % words.length]!;
      });
    for (const shift of [0, 97]) {
      for (const kernels of [javascript, webAssembly]) {
        kernels.workspace.words.set(block(shift));
        kernels.gaussian(128);
      }
      const bits = (values: Float32Array): Buffer => Buffer.from(values.slice().buffer);
      expect(bits(webAssembly.workspace.values).equals(bits(javascript.workspace.values))).toBe(true);
    }
  }
});

test("the constants in both twins are those that tools/kernels/fit.ts finds", () => {
  const spacing = 2 ** -23;
  for (const file of ["./gaussian.ts", "../../kernels/gaussian.ts"]) {
    const text = readFileSync(new URL(file, import.meta.url), "utf8");
    const literals = [...text.matchAll(/-?\d+\.\d{7,}(?:e-\d+)?/g)].map(([literal]) => Number(literal));
    const wanted = [...remainders.flatMap((remainder) => fit(remainder)), -2 * Math.LN2, Math.PI / 2 ** 33];
    for (const constant of wanted) {
      // One unit in the last place is left to Math.cos of another engine.
      expect(literals.some((literal) => Math.abs(literal / constant - 1) <= spacing)).toBe(true);
    }
    expect(literals.every((literal) => Math.fround(literal) === literal)).toBe(true);
  }
});
