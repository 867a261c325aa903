import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { placeBins } from "./lower-measure.js";
import { add, convolve, type GridPair, regrid, slice, trim } from "./measure.js";

function pairOf(masses: readonly number[], step = 0.1, start = -3): GridPair {
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  const values = Float64Array.from(masses, (mass) => mass / total);
  return {
    step,
    origin: 0,
    start,
    upper: values,
    lower: values.slice(),
    upperSlack: 0,
    lowerSlack: 0,
    logScale: 0,
    beyond: 0,
  };
}

/** Hockey-stick value at `epsilon` of an untilted measure. */
function hockey(pair: GridPair, side: "upper" | "lower", epsilon: number): number {
  let sum = 0;
  pair[side].forEach((mass, i) => {
    const loss = pair.origin + (pair.start + i) * pair.step;
    sum += mass * Math.max(0, -Math.expm1(epsilon - loss));
  });
  return sum;
}

const moment = (values: Float64Array, pair: GridPair, power: number): number =>
  values.reduce(
    (sum, mass, i) => sum + mass * Math.exp(power * (pair.origin + (pair.start + i) * pair.step)),
    0,
  );

const masses = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 3, maxLength: 60 });

describe("two measures on one grid", () => {
  test("convolution of both measures agrees with the definition, within its own slack", () => {
    fc.assert(
      fc.property(masses, masses, (first, second) => {
        const a = pairOf(first);
        const b = { ...pairOf(second), lower: pairOf([...second].reverse()).lower };
        const both = convolve(a, b);
        for (const side of ["upper", "lower"] as const) {
          const expected = new Float64Array(first.length + second.length - 1);
          a[side].forEach((x, i) => {
            b[side].forEach((y, j) => (expected[i + j]! += x * y));
          });
          const error = expected.reduce((sum, value, i) => sum + Math.abs(value - both[side][i]!), 0);
          expect(error).toBeLessThanOrEqual(side === "upper" ? both.upperSlack : both.lowerSlack);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("regrid keeps P and Q of the upper measure and encloses the old curve", () => {
    fc.assert(
      fc.property(masses, fc.constantFrom(2, 4, 8), (values, factor) => {
        const fine = pairOf(values, 0.02);
        const wide = regrid(fine, factor, 0);
        expect(moment(wide.upper, wide, 0)).toBeCloseTo(1, 12);
        expect(moment(wide.upper, wide, -1)).toBeCloseTo(moment(fine.upper, fine, -1), 12);
        for (let epsilon = -0.3; epsilon < 1.5; epsilon += 0.013) {
          const truth = hockey(fine, "upper", epsilon);
          expect(hockey(wide, "upper", epsilon)).toBeGreaterThanOrEqual(truth - 1e-13);
          expect(hockey(wide, "lower", epsilon) - wide.lowerSlack).toBeLessThanOrEqual(truth + 1e-13);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("a lower measure never has negative mass", () => {
    fc.assert(
      fc.property(masses, fc.double({ min: -1, max: 1, noNaN: true }), (values, lean) => {
        const mass = Float64Array.from(values);
        const excess = mass.map((value, i) => value * 0.04 * Math.sin(i + lean));
        const { lower } = placeBins({ mass, excess, step: 0.1, tilt: 2 });
        expect(Math.min(...lower)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("a narrow distribution loses little either way, and second order in the step", () => {
    const bell = (step: number): GridPair =>
      pairOf(
        Array.from({ length: Math.round(2 / step) }, (_, i) => Math.exp(-0.5 * ((i * step - 1) / 0.1) ** 2)),
        step,
        0,
      );
    const gap = (step: number): number => {
      const wide = regrid(bell(step), 2, 0);
      return hockey(wide, "upper", 1.1) - hockey(wide, "lower", 1.1);
    };
    expect(gap(0.02) / gap(0.005)).toBeGreaterThan(8);
  });

  test("trim charges what it cuts", () => {
    const pair = pairOf([1e-9, 0.1, 0.5, 0.3, 1e-9, 1e-10]);
    const cut = trim(pair, { tilt: 0, tilted: 2e-9, beyond: 0, logUnit: 0 });
    expect(cut.upper.length).toBe(3);
    expect(cut.upperSlack).toBeGreaterThanOrEqual(2.1e-9 / 0.9000001);
    const infinite = trim(pair, { tilt: 0, tilted: 0, beyond: 2e-9, logUnit: 0 });
    expect(infinite.beyond).toBeGreaterThan(1e-9);
    expect(infinite.upperSlack).toBe(0);
  });

  test("the parts of a pair add up to it", () => {
    const pair = { ...pairOf([1, 2, 3, 4]), upperSlack: 1e-9 };
    const sum = add(slice(pair, 0, 2), slice(pair, 2, 4, true), 1);
    expect(sum.upper).toEqual(pair.upper);
    expect(sum.start).toBe(pair.start);
    expect(sum.upperSlack).toBe(1e-9);
  });
});
