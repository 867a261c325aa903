import fc from "fast-check";
import { expect, test } from "vitest";
import { clipToLattice, shrinkToSensitivity } from "./lattice.js";
import type { LatticeSpec } from "./spec.js";

const specs = fc.record({
  directions: fc.integer({ min: 1, max: 40 }),
  clipThreshold: fc.oneof(
    fc.constantFrom(1, 3, 0.1, 2 ** -100, 2 ** 100),
    fc.double({ min: 1e-20, max: 1e20 }),
  ),
  latticeSensitivity: fc.oneof(
    fc.constantFrom(1024, 2 ** 20, 2 ** 24),
    fc.integer({ min: 1024, max: 2 ** 24 }),
  ),
});
const wild = fc.oneof(
  fc.double(),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.constantFrom(
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    5e-324,
    -5e-324,
    1e308,
    -1.7976931348623157e308,
    1e-300,
    1,
    3,
  ),
);

function clipped(differences: readonly number[], spec: LatticeSpec): number[] {
  const out = new Float64Array(spec.directions);
  clipToLattice(Float64Array.from(differences), spec, out);
  return [...out];
}

/** BigInt, so that the test does not share the code's arithmetic. */
function exactSquares(values: readonly number[]): bigint {
  return values.reduce((sum, value) => sum + BigInt(value) ** 2n, 0n);
}

test("The sum of squares of the result is at most N^2, checked in exact integer arithmetic for any input at all.", () => {
  fc.assert(
    fc.property(
      specs.chain((spec) => fc.tuple(fc.constant(spec), fc.array(wild, arrayOf(spec.directions)))),
      ([spec, differences]) => {
        const out = clipped(differences, spec);
        expect(out.every((value) => Number.isSafeInteger(value) && !Object.is(value, -0))).toBe(true);
        expect(exactSquares(out) <= BigInt(spec.latticeSensitivity) ** 2n).toBe(true);
      },
    ),
    { numRuns: 3000 },
  );
});

test("the shrink holds the bound even for values no float arithmetic would give it", () => {
  const values = fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.constantFrom(NaN, Infinity, 1e300, 0.5));
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), (entries) => {
      const lattice = Float64Array.from(entries);
      shrinkToSensitivity(lattice, 1024);
      expect(exactSquares([...lattice]) <= 1024n ** 2n).toBe(true);
    }),
    { numRuns: 200 },
  );
  const over = Float64Array.of(1025, 1);
  shrinkToSensitivity(over, 1024);
  expect([...over]).toEqual([1023, 1]);
});

test("Non-finite entries count as zero before the clip; the finite ones are kept.", () => {
  const spec = { directions: 4, clipThreshold: 2, latticeSensitivity: 1024 };
  expect(clipped([NaN, 1, Infinity, -Infinity], spec)).toEqual([0, 512, 0, 0]);
  expect(clipped([NaN, NaN, Infinity, NaN], spec)).toEqual([0, 0, 0, 0]);
  fc.assert(
    fc.property(fc.array(wild, { minLength: 4, maxLength: 4 }), (differences) => {
      const zeroed = differences.map((value) => (Number.isFinite(value) ? value : 0));
      expect(clipped(differences, spec)).toEqual(clipped(zeroed, spec));
    }),
  );
});

test("Rounding is toward zero, so it never makes an entry or the norm larger.", () => {
  const spec = { directions: 3, clipThreshold: 1, latticeSensitivity: 1024 };
  expect(clipped([0.9999 / 1024, -1.9999 / 1024, 0.5], spec)).toEqual([0, -1, 512]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: -0.5, max: 0.5, noNaN: true }), arrayOf(3)), (differences) => {
      const out = clipped(differences, spec);
      out.forEach((value, k) => {
        expect(Math.abs(value)).toBeLessThanOrEqual(Math.abs(differences[k]! * 1024));
        expect(Math.abs(value)).toBeGreaterThan(Math.abs(differences[k]! * 1024) - 1);
      });
    }),
  );
});

test("A vector keeps its direction up to the rounding, from the smallest float to the largest.", () => {
  const spec = { directions: 2, clipThreshold: 1, latticeSensitivity: 2 ** 20 };
  const half = Math.trunc(2 ** 20 * Math.SQRT1_2);
  for (const size of [1e-300, 1, 1e10, 1e300, 1.7e308]) {
    const out = clipped([size, -size], {
      ...spec,
      clipThreshold: Math.min(2 ** 100, Math.max(2 ** -100, size)),
    });
    if (size >= 2 ** -100) expect(out).toEqual([half, -half]);
    else expect(out).toEqual([0, 0]);
  }
  const [x, y] = clipped([3e300, 4e300], spec);
  expect(Math.abs(x! - 0.6 * 2 ** 20)).toBeLessThanOrEqual(1);
  expect(Math.abs(y! - 0.8 * 2 ** 20)).toBeLessThanOrEqual(1);
  expect(clipped([5e-324, 0], spec)).toEqual([0, 0]);
  expect(clipped([2, 0], spec)).toEqual([2 ** 20, 0]);
  expect(clipped([1, 0], spec)).toEqual([2 ** 20, 0]);
});

function arrayOf(length: number): { minLength: number; maxLength: number } {
  return { minLength: length, maxLength: length };
}
