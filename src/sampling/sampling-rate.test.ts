import fc from "fast-check";
import { expect, test } from "vitest";
import { checkedSamplingRate, samplingRate } from "./sampling-rate.js";

test("The rate is the exact quotient rounded down to the grid, so never above what was asked for.", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 1, max: 2 ** 31 }), (a, b) => {
      const [batch, size] = a < b ? [a, b] : [b, a];
      const exact = (BigInt(batch) << 32n) / BigInt(size);
      return BigInt(samplingRate(batch, size).numerator) === exact;
    }),
  );
  expect(samplingRate(64, 1024).numerator).toBe(2 ** 28);
  expect(samplingRate(1, 3).numerator).toBe(1_431_655_765);
  expect(samplingRate(0.5, 4).numerator).toBe(2 ** 29);
  expect(samplingRate(7, 7).numerator).toBe(2 ** 32);
  // In floating point 1 - 2^-53 over 1 rounds to no more than the grid point below one.
  expect(samplingRate(1 - 2 ** -53, 1).numerator).toBe(2 ** 32 - 1);
});

test("a rate that cannot be is refused", () => {
  for (const batch of [0, -1, 11, NaN, Infinity, 1e-9]) {
    expect(() => samplingRate(batch, 10)).toThrow(expect.objectContaining({ code: "invalid-sampling-rate" }));
  }
  for (const size of [0, -5, 2.5, NaN, 2 ** 53]) {
    expect(() => samplingRate(1, size)).toThrow(expect.objectContaining({ code: "invalid-record-count" }));
  }
  for (const numerator of [0, -1, 0.5, 2 ** 32 + 1, NaN]) {
    expect(() => checkedSamplingRate({ numerator })).toThrow(
      expect.objectContaining({ code: "invalid-sampling-rate" }),
    );
  }
});
