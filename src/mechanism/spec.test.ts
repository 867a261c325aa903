import { expect, test } from "vitest";
import { checkedMechanismSpec, maximumRecords, noiseMultiplier, type MechanismSpec } from "./spec.js";
import type { MechanismErrorCode } from "./errors.js";

const spec: MechanismSpec = {
  directions: 8,
  clipThreshold: 1.5,
  latticeSensitivity: 2 ** 20,
  standardDeviation: 3 * 2 ** 19,
};

test("the noise multiplier is exactly S / N", () => {
  expect(noiseMultiplier(spec)).toBe(1.5);
});

test("each number out of its range is refused with its own code", () => {
  const bad: readonly (readonly [MechanismErrorCode, keyof MechanismSpec, readonly number[]])[] = [
    ["directions", "directions", [0, -1, 1.5, NaN, Infinity, 4097]],
    ["clip-threshold", "clipThreshold", [0, -1, NaN, Infinity, 2 ** -101, 2 ** 101]],
    ["lattice-sensitivity", "latticeSensitivity", [0, 1023, 1024.5, NaN, 2 ** 24 + 1]],
    ["standard-deviation", "standardDeviation", [0, -1, 0.5, NaN, Infinity, 2 ** 40 + 1]],
  ];
  for (const [code, key, values] of bad) {
    for (const value of values) {
      expect(() => checkedMechanismSpec({ ...spec, [key]: value })).toThrow(
        expect.objectContaining({ code, value }),
      );
    }
  }
  expect(checkedMechanismSpec(spec)).toEqual(spec);
});

test("maximumRecords keeps sums within 2^52, and leaves room for every data set a person has", () => {
  for (const latticeSensitivity of [2 ** 10, 2 ** 20 + 1, 2 ** 24]) {
    const records = maximumRecords({ latticeSensitivity });
    expect(BigInt(records) * BigInt(latticeSensitivity) <= 2n ** 52n).toBe(true);
    expect(BigInt(records + 1) * BigInt(latticeSensitivity) > 2n ** 52n).toBe(true);
    expect(records).toBeGreaterThanOrEqual(2 ** 28);
  }
});
