import { createCipheriv } from "node:crypto";
import { expect, test } from "vitest";
import { ByteSource, type RandomBytes, type UniformSource } from "../sampling/index.js";
import { drawDiscreteGaussian } from "./discrete-gaussian.js";

function keyedBytes(key: number): RandomBytes {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

function draws(standardDeviation: number, count: number, key: number): number[] {
  const source = new ByteSource(keyedBytes(key));
  return Array.from({ length: count }, () => Number(drawDiscreteGaussian(standardDeviation, source)));
}

/** Chi-square over the cells -reach..reach and two tails, and its degrees of freedom. */
function chiSquare(sample: readonly number[], assumed: number): { value: number; freedom: number } {
  const reach = Math.ceil(3 * assumed);
  const weight = (x: number): number => Math.exp(-(x * x) / (2 * assumed * assumed));
  let normaliser = 0;
  for (let x = -40 * assumed; x <= 40 * assumed; x++) normaliser += weight(x);
  const counts = new Map<number, number>();
  for (const x of sample) {
    const cell = Math.max(-reach - 1, Math.min(reach + 1, x));
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  let value = 0;
  let inside = 0;
  for (let x = -reach; x <= reach; x++) {
    const expected = (sample.length * weight(x)) / normaliser;
    inside += expected;
    value += ((counts.get(x) ?? 0) - expected) ** 2 / expected;
  }
  const tail = (sample.length - inside) / 2;
  for (const x of [-reach - 1, reach + 1]) value += ((counts.get(x) ?? 0) - tail) ** 2 / tail;
  return { value, freedom: 2 * reach + 2 };
}

/** The 99.9 % point of chi-square (Wilson and Hilferty's approximation, good to a few per mille here). */
function limit(freedom: number): number {
  const v = 2 / (9 * freedom);
  return freedom * (1 - v + 3.0902 * Math.sqrt(v)) ** 3;
}

test("The distribution is exact: integers and comparisons only, no floating-point rounding, no cut tail.", () => {
  for (const [standardDeviation, key] of [
    [1, 11],
    [2, 12],
    [3, 13],
    [10, 14],
  ] as const) {
    const { value, freedom } = chiSquare(draws(standardDeviation, 100_000, key), standardDeviation);
    expect(value).toBeLessThan(limit(freedom));
  }
});

test("a wrong standard deviation is rejected by the same chi-square", () => {
  const sample = draws(10, 100_000, 14);
  for (const wrong of [9.8, 10.2]) {
    const { value, freedom } = chiSquare(sample, wrong);
    expect(value).toBeGreaterThan(limit(freedom));
  }
});

test("at S = 2^21 and beyond, moments and tails are those of a Gaussian, and those of a wrong S are not", () => {
  for (const standardDeviation of [2 ** 21, 2 ** 21 + 12_345, 2 ** 40]) {
    const count = 60_000;
    const sample = draws(standardDeviation, count, 15).map((x) => x / standardDeviation);
    const moment = (power: number): number => sample.reduce((sum, x) => sum + x ** power, 0) / count;
    // Standard errors of the first four moments of N(0, 1): 1, sqrt 2, sqrt 15, sqrt 96, over sqrt(count).
    const error = 4 / Math.sqrt(count);
    expect(Math.abs(moment(1))).toBeLessThan(error);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(error * Math.SQRT2);
    expect(Math.abs(moment(3))).toBeLessThan(error * Math.sqrt(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(error * Math.sqrt(96));
    expect(Math.abs(moment(2) / 1.03 ** 2 - 1)).toBeGreaterThan(error * Math.SQRT2);
    expect(Math.abs(moment(2) / 0.97 ** 2 - 1)).toBeGreaterThan(error * Math.SQRT2);
    // Two-sided tail masses of N(0, 1): 0.317311 beyond 1, 0.045500 beyond 2, 0.0026998 beyond 3.
    for (const [beyond, mass] of [
      [1, 0.317311],
      [2, 0.0455],
      [3, 0.0026998],
    ] as const) {
      const seen = sample.filter((x) => Math.abs(x) > beyond).length;
      expect(Math.abs(seen - mass * count)).toBeLessThan(4 * Math.sqrt(mass * count));
    }
    expect(sample.filter((x) => x === 0).length).toBeLessThan(3);
  }
});

test("low bits are uniform at a large S: nothing is rounded to a coarser grid", () => {
  const sample = draws(2 ** 21, 32_000, 16);
  const counts = new Array<number>(16).fill(0);
  for (const x of sample) counts[((x % 16) + 16) % 16]! += 1;
  const value = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  expect(value).toBeLessThan(limit(15));
});

test("What is read from the source depends on nothing but S and the source.", () => {
  const bounds = (key: number): number[] => {
    const source = new ByteSource(keyedBytes(key));
    const asked: number[] = [];
    const recording: UniformSource = {
      below(bound) {
        asked.push(bound);
        return source.below(bound);
      },
    };
    for (let i = 0; i < 50; i++) drawDiscreteGaussian(1000, recording);
    return asked;
  };
  expect(bounds(17)).toEqual(bounds(17));
  expect(draws(1000, 50, 17)).toEqual(draws(1000, 50, 17));
  expect(draws(1000, 50, 17)).not.toEqual(draws(1000, 50, 18));
});

test("a magnitude beyond any safe integer is still exact", () => {
  // S = 2^53 and offset 0; below(2) = 0 and below(3) = 1 make a trial of exp(-1) succeed, below(2) = 1 fail.
  const answersBelow2 = [0, 0, 0, 1, /* sign */ 1, /* accept, a = 2: four trials */ 1, 1, 1, 1];
  const source: UniformSource = {
    below(bound) {
      if (bound === 2) return answersBelow2.shift()!;
      return bound === 3 ? 1 : 0;
    },
  };
  expect(drawDiscreteGaussian(2 ** 53, source)).toBe(-3n * 2n ** 53n);
  expect(answersBelow2).toEqual([]);
});
