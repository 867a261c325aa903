import { createCipheriv } from "node:crypto";

import { expect, test } from "vitest";

import { ByteSource, type RandomBytes } from "../sampling/index.js";
import { drawDiscreteLaplace } from "./discrete-gaussian.js";
import { createMechanism } from "./mechanism.js";

function keyedBytes(key: number): RandomBytes {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

function draws(scale: number, count: number, key: number): number[] {
  const source = new ByteSource(keyedBytes(key));
  return Array.from({ length: count }, () => Number(drawDiscreteLaplace(scale, source)));
}

/** Chi-square against exp(-|x| / t) in cells up to 4 scales and two tails, and its 99.9 % point. */
function chiSquare(sample: readonly number[], scale: number): { value: number; limit: number } {
  const reach = Math.ceil(4 * scale);
  const ratio = Math.exp(-1 / scale);
  const mass = (x: number): number => ((1 - ratio) / (1 + ratio)) * ratio ** Math.abs(x);
  const counts = new Map<number, number>();
  for (const x of sample) {
    const cell = Math.max(-reach - 1, Math.min(reach + 1, x));
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  let value = 0;
  let inside = 0;
  for (let x = -reach; x <= reach; x++) {
    inside += mass(x);
    value += ((counts.get(x) ?? 0) - sample.length * mass(x)) ** 2 / (sample.length * mass(x));
  }
  const tail = (sample.length * (1 - inside)) / 2;
  for (const x of [-reach - 1, reach + 1]) value += ((counts.get(x) ?? 0) - tail) ** 2 / tail;
  const freedom = 2 * reach + 2;
  const v = 2 / (9 * freedom);
  return { value, limit: freedom * (1 - v + 3.0902 * Math.sqrt(v)) ** 3 };
}

test("The distribution of Laplace noise is exact, and a wrong scale is rejected.", () => {
  for (const scale of [1, 3, 10]) {
    const sample = draws(scale, 100_000, 20 + scale);
    const right = chiSquare(sample, scale);
    expect(right.value).toBeLessThan(right.limit);
    for (const wrong of [0.97 * scale, 1.03 * scale]) {
      const { value, limit } = chiSquare(sample, wrong);
      expect(value).toBeGreaterThan(limit);
    }
  }
});

test("one release of the Laplace mechanism draws one noise of its scale, whatever the batch held", () => {
  const spec = { directions: 1, clipThreshold: 1, latticeSensitivity: 2 ** 20, scale: 2 ** 21 };
  const values = (batch: readonly Float64Array[]): readonly number[] =>
    createMechanism(spec, keyedBytes(5)).release(batch).values;
  const noise = values([]);
  expect(noise).toHaveLength(1);
  expect(values([Float64Array.of(Number.NaN)])).toEqual(noise);
  expect(values([Float64Array.of(0.5)])[0]! - noise[0]!).toBe(2 ** 19);
  const mechanism = createMechanism(spec, keyedBytes(6));
  const many = Array.from({ length: 20_000 }, () => mechanism.release([]).values[0]! / 2 ** 21);
  const mean = many.reduce((sum, value) => sum + Math.abs(value), 0) / many.length;
  // The mean of |x| is the scale, its standard error that over sqrt(20,000).
  expect(Math.abs(mean - 1)).toBeLessThan(4 / Math.sqrt(20_000));
});
