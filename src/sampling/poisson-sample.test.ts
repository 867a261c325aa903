import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { poissonSample } from "./poisson-sample.js";
import type { RandomBytes } from "./random-bytes.js";

function keyedBytes(key: number): RandomBytes {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

/** Hands out the given 32-bit words, in the order of the records. */
function words(values: readonly number[]): RandomBytes {
  let next = 0;
  return (out) => {
    const view = new Uint32Array(out.buffer, out.byteOffset, out.length / 4);
    for (let i = 0; i < view.length; i++) view[i] = values[next++ % values.length]!;
  };
}

/** Chi-square of the batch sizes of many samples against Binomial(records, probability). */
function chiSquareOfBatchSizes(probability: number, assumed: number, key: number): number {
  const records = 12;
  const trials = 20_000;
  const random = keyedBytes(key);
  const counts = new Array<number>(records + 1).fill(0);
  const rate = { numerator: Math.round(probability * 2 ** 32) };
  for (let i = 0; i < trials; i++) counts[poissonSample(records, rate, random).length]! += 1;
  let mass = (1 - assumed) ** records;
  let total = 0;
  for (let size = 0; size <= records; size++) {
    if (mass * trials >= 5) total += (counts[size]! - mass * trials) ** 2 / (mass * trials);
    mass *= ((records - size) / (size + 1)) * (assumed / (1 - assumed));
  }
  return total;
}

test("Each record's inclusion is an exact Bernoulli(numerator / 2^32): one 32-bit draw below the numerator.", () => {
  const numerator = 1000;
  const draws = [0, 999, 1000, 1001, 2 ** 32 - 1, 998];
  expect([...poissonSample(6, { numerator }, words(draws))]).toEqual([0, 1, 5]);
  expect([...poissonSample(6, { numerator: 1 }, words(draws))]).toEqual([0]);
  expect([...poissonSample(6, { numerator: 2 ** 32 - 1 }, words(draws))]).toEqual([0, 1, 2, 3, 5]);
});

test("the batch size is binomial by chi-square, and a wrong rate is rejected", () => {
  // 99.9 % point of chi-square with 12 degrees of freedom: 32.9.
  expect(chiSquareOfBatchSizes(0.25, 0.25, 3)).toBeLessThan(32.9);
  expect(chiSquareOfBatchSizes(0.26, 0.25, 3)).toBeGreaterThan(32.9);
});

test("Records are independent: each has bits of its own.", () => {
  const random = keyedBytes(4);
  const together = [0, 0, 0, 0];
  const trials = 20_000;
  for (let i = 0; i < trials; i++) {
    const sample = poissonSample(2, { numerator: 2 ** 31 }, random);
    together[Number(sample.includes(0)) * 2 + Number(sample.includes(1))]! += 1;
  }
  const expected = trials / 4;
  const chiSquare = together.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(16.3); // 99.9 % point, 3 degrees of freedom
});

test("The entropy source is called the same number of times, for the same bytes, whatever comes out.", () => {
  const callsFor = (fill: number, records: number): number[] => {
    const calls: number[] = [];
    poissonSample(records, { numerator: 2 ** 30 }, (out) => {
      calls.push(out.length);
      out.fill(fill);
    });
    return calls;
  };
  for (const records of [0, 1, 16_384, 16_385, 40_000]) {
    expect(callsFor(0, records)).toEqual(callsFor(255, records));
    expect(callsFor(0, records).reduce((sum, bytes) => sum + bytes, 0)).toBe(4 * records);
  }
});

test("The drawn bytes are set to zero before it returns.", () => {
  let seen = new Uint8Array();
  poissonSample(100, { numerator: 2 ** 31 }, (out) => {
    keyedBytes(5)(out);
    seen = out as Uint8Array<ArrayBuffer>;
  });
  expect(seen.length).toBe(400);
  expect(seen.every((byte) => byte === 0)).toBe(true);
});

test("rate 1 takes every record, no records give no batch, one record is in or out", () => {
  fc.assert(
    fc.property(fc.nat(50_000), fc.nat(255), (records, key) => {
      const sample = poissonSample(records, { numerator: 2 ** 32 }, keyedBytes(key));
      return sample.length === records && sample.every((index, i) => index === i);
    }),
    { numRuns: 20 },
  );
  expect(poissonSample(0, { numerator: 2 ** 31 }, keyedBytes(6))).toHaveLength(0);
  expect([...poissonSample(1, { numerator: 2 ** 31 }, words([2 ** 31 - 1]))]).toEqual([0]);
  expect([...poissonSample(1, { numerator: 2 ** 31 }, words([2 ** 31]))]).toEqual([]);
});

test("indices are ascending, distinct and below the number of records, over several chunks", () => {
  const sample = poissonSample(50_000, { numerator: 2 ** 29 }, keyedBytes(7));
  expect(sample.length).toBeGreaterThan(5_500);
  expect(sample.length).toBeLessThan(7_000);
  expect(sample.every((index, i) => index < 50_000 && (i === 0 || index > sample[i - 1]!))).toBe(true);
});

test("a record count or a rate that cannot be is refused before anything is drawn", () => {
  const never: RandomBytes = () => {
    throw new Error("drawn");
  };
  for (const records of [-1, 1.5, NaN, 2 ** 32]) {
    expect(() => poissonSample(records, { numerator: 1 }, never)).toThrow(
      expect.objectContaining({ code: "invalid-record-count" }),
    );
  }
  expect(() => poissonSample(5, { numerator: 0 }, never)).toThrow(
    expect.objectContaining({ code: "invalid-sampling-rate" }),
  );
});
