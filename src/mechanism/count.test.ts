import fc from "fast-check";
import { expect, test } from "vitest";

import { keystream } from "../../test/support/tiny-run.js";
import { clipToLattice } from "./lattice.js";
import { createMechanism } from "./mechanism.js";
import { checkedLatticeSpec, differenceSensitivity, type LatticeSpec, latticeUnit } from "./spec.js";
import { sumOnLattice } from "./sum.js";

const [latticeSensitivity, countSensitivity] = [2 ** 20, 2 ** 17];
const counted = (directions: number): LatticeSpec => ({
  directions,
  clipThreshold: 2,
  latticeSensitivity,
  countSensitivity,
});
const wild = fc.oneof(
  fc.double(),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 5e-324, -1e308, 0, -0, 2, -2),
);

test("differences and count together have norm at most N, in exact integers, for any input at all", () => {
  fc.assert(
    fc.property(fc.array(wild, { minLength: 1, maxLength: 40 }), (values) => {
      const sums = sumOnLattice([Float64Array.from(values)], counted(values.length));
      expect(sums.length).toBe(values.length + 1);
      const squares = Array.from(sums, BigInt).reduce((sum, value) => sum + value * value, 0n);
      expect(squares <= BigInt(latticeSensitivity) ** 2n).toBe(true);
      expect(Math.abs(sums.at(-1))).toBe(countSensitivity);
    }),
    { numRuns: 2000 },
  );
});

test("what the count leaves is the largest m with m^2 + h^2 <= N^2", () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 2 ** 10, max: 2 ** 24 })
        .chain((N) => fc.tuple(fc.constant(N), fc.integer({ min: 1, max: Math.floor(N / 2) }))),
      ([N, h]) => {
        const spec = { ...counted(1), latticeSensitivity: N, countSensitivity: h };
        const m = BigInt(differenceSensitivity(spec));
        expect(m * m + BigInt(h) ** 2n <= BigInt(N) ** 2n).toBe(true);
        expect((m + 1n) ** 2n + BigInt(h) ** 2n > BigInt(N) ** 2n).toBe(true);
      },
    ),
  );
  // The default leaves more than 99 % to the differences.
  expect(differenceSensitivity(counted(4)) / latticeSensitivity).toBeGreaterThan(0.99);
});

test("a record within the threshold counts up, one that was clipped counts down, and the clip is as without a count", () => {
  const out = new Float64Array(3);
  const real = (): number[] => [...out.subarray(0, 2)].map((value) => value * latticeUnit(counted(2)));
  clipToLattice(Float64Array.of(1.2, -1.6), counted(2), out);
  expect(out[2]).toBe(countSensitivity);
  expect(real()[0]).toBeCloseTo(1.2, 5);
  clipToLattice(Float64Array.of(30, -40), counted(2), out);
  expect(out[2]).toBe(-countSensitivity);
  expect(real()[0]).toBeCloseTo(1.2, 5);
  expect(real()[1]).toBeCloseTo(-1.6, 5);
  clipToLattice(Float64Array.of(NaN, Infinity), counted(2), out);
  expect([...out]).toEqual([0, 0, countSensitivity]);
});

test("the count is noised like every other coordinate", () => {
  const spec = { ...counted(2), standardDeviation: 2 ** 21 };
  const batch = [Float64Array.of(0.1, 0), Float64Array.of(9, 0), Float64Array.of(0, 0)];
  const release = createMechanism(spec, keystream(1)).release(batch).values;
  const noise = createMechanism(spec, keystream(1)).release([]).values;
  expect(release.length).toBe(3);
  expect(noise.every((value) => value !== 0)).toBe(true);
  expect(release[2]! - noise[2]!).toBe(countSensitivity);
});

test.each([
  [{ ...counted(2), clip: "per-scalar" as const }, "count"],
  [{ ...counted(2), countSensitivity: 0 }, "count"],
  [{ ...counted(2), countSensitivity: 2 ** 19 + 1 }, "count"],
  [{ ...counted(2), countSensitivity: 1.5 }, "count"],
  [counted(4096), "directions"],
])("a count that the mechanism cannot make is refused: %j", (spec, code) => {
  expect(() => checkedLatticeSpec(spec)).toThrow(expect.objectContaining({ code }));
});
