import fc from "fast-check";
import { expect, test } from "vitest";

import { clipToLattice } from "./lattice.js";
import { checkedMechanismSpec, type LatticeSpec, latticeUnit, scalarBound } from "./spec.js";
import { sumOnLattice } from "./sum.js";

const wild = fc.oneof(
  fc.double(),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 5e-324, -1e308, 0, -0, 2, -2),
);
const each = (directions: number, latticeSensitivity = 2 ** 20): LatticeSpec => ({
  directions,
  clipThreshold: 2,
  latticeSensitivity,
  clip: "per-scalar",
});

test("the bound on one difference is the largest b with K b^2 <= N^2, in exact integers", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 2 ** 10, max: 2 ** 24 }), (K, N) => {
      const bound = BigInt(scalarBound(each(K, N)));
      expect(BigInt(K) * bound ** 2n <= BigInt(N) ** 2n).toBe(true);
      expect(BigInt(K) * (bound + 1n) ** 2n > BigInt(N) ** 2n).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("D3: differences clipped each on its own have together the sensitivity N that is accounted for, and reach it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }).chain((K) => fc.array(wild, { minLength: K, maxLength: K })),
      (values) => {
        const sums = sumOnLattice([Float64Array.from(values)], each(values.length));
        const squares = Array.from(sums, BigInt).reduce((sum, value) => sum + value * value, 0n);
        expect(squares <= BigInt(2 ** 20) ** 2n).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
  for (const directions of [1, 16, 100]) {
    const corner = sumOnLattice([new Float64Array(directions).fill(1e9)], each(directions));
    expect(Math.hypot(...corner)).toBeGreaterThan(2 ** 20 - directions);
    // One difference alone moves its own value by c and no more: 1 / sqrt(K) of the noise's sensitivity.
    const [alone] = sumOnLattice([new Float64Array(directions).fill(0).with(0, 1e9)], each(directions));
    expect(alone! * latticeUnit(each(directions))).toBeCloseTo(2, 12);
  }
});

test("each difference is clipped on its own: one large one does not shrink the others", () => {
  const out = new Float64Array(3);
  clipToLattice(Float64Array.of(1e300, 1, -0.5), each(3), out);
  const unit = latticeUnit(each(3));
  expect([...out].map((value) => Math.round(1e4 * value * unit) / 1e4)).toEqual([2, 1, -0.5]);
  clipToLattice(Float64Array.of(1e300, 1, -0.5), { ...each(3), clip: "vector" }, out);
  expect([...out].map((value) => value + 0)).toEqual([2 ** 20, 0, 0]);
});

test("D19: a difference that is no number counts as zero, and the others are kept", () => {
  const out = new Float64Array(3);
  clipToLattice(Float64Array.of(Number.NaN, 1, Infinity), each(3), out);
  expect(Object.is(out[0], 0) && Object.is(out[2], 0)).toBe(true);
  expect(out[1]! * latticeUnit(each(3))).toBeCloseTo(1, 5);
});

test("with one direction both clips are the same, bit for bit", () => {
  fc.assert(
    fc.property(wild, (value) => {
      const [a, b] = [new Float64Array(1), new Float64Array(1)];
      clipToLattice(Float64Array.of(value), each(1), a);
      clipToLattice(Float64Array.of(value), { ...each(1), clip: "vector" }, b);
      expect(a).toEqual(b);
    }),
  );
  expect(latticeUnit(each(1))).toBe(latticeUnit({ ...each(1), clip: "vector" }));
});

test("an unknown clip, and Laplace noise on more than one direction, are refused", () => {
  const gaussian = { ...each(2), standardDeviation: 1 };
  expect(() => checkedMechanismSpec({ ...gaussian, clip: "none" as never })).toThrow(
    expect.objectContaining({ code: "clip-region", value: "none" }) as Error,
  );
  expect(checkedMechanismSpec(gaussian)).toEqual(gaussian);
  expect(() => checkedMechanismSpec({ ...each(2), scale: 10 })).toThrow(
    expect.objectContaining({ code: "laplace-directions", value: 2 }) as Error,
  );
  for (const scale of [0, 1.5, Number.NaN, 2 ** 40 + 1]) {
    expect(() => checkedMechanismSpec({ ...each(1), scale })).toThrow(
      expect.objectContaining({ code: "laplace-scale", value: scale }) as Error,
    );
  }
});
