/**
 * The steps of the proof in docs/accounting.md, "The discrete Gaussian", checked where numbers can check them: the
 * inequalities by independent arithmetic, the result against sums over the integers in two dimensions.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { delta, discreteGaussian, poissonSampled } from "../src/accounting/index.js";

/** Sum over the integers of exp(-y^2 / (2 s^2)) times a function, as far as it matters. */
function integerSum(s: number, f: (y: number) => number): number {
  let sum = f(0);
  for (let y = 1; y < 45 * s + 3; y += 1) sum += Math.exp((-0.5 * y * y) / (s * s)) * (f(y) + f(-y));
  return sum;
}

/** log of the rounded Gaussian's probability at y over the discrete Gaussian's, by Simpson's rule on the unit cell. */
function logRatio(s: number, y: number): number {
  const panels = 400;
  // Relative to the largest exponent, so that nothing overflows for small s.
  const exponent = (u: number): number => -(2 * y * u + u * u) / (2 * s * s);
  const peak = Math.max(exponent(-0.5), exponent(0.5), exponent(Math.max(-0.5, Math.min(0.5, -y))));
  let sum = 0;
  for (let i = 0; i <= 2 * panels; i += 1) {
    const weight = i === 0 || i === 2 * panels ? 1 : i % 2 === 1 ? 4 : 2;
    sum += (weight / (6 * panels)) * Math.exp(exponent(-0.5 + i / (2 * panels)) - peak);
  }
  return Math.log(sum) + peak + Math.log(integerSum(s, () => 1)) - Math.log(Math.sqrt(2 * Math.PI) * s);
}

const deviation = fc.double({ min: 0.35, max: 60, noNaN: true });

describe("rounded and discrete Gaussian", () => {
  test("their log ratio lies between -1 / (24 S^2) and t^2 / (24 S^2) + 3 exp(-2 pi^2 S^2)", () => {
    fc.assert(
      fc.property(deviation, fc.double({ min: -12, max: 12, noNaN: true }), (s, at) => {
        const y = Math.round(at * s);
        const ratio = logRatio(s, y);
        const most = (y / s) ** 2 / (24 * s * s) + 3 * Math.exp(-2 * Math.PI ** 2 * s * s);
        expect(ratio).toBeGreaterThanOrEqual(-1 / (24 * s * s) - 1e-9);
        expect(ratio).toBeLessThanOrEqual(most + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  test("the bounds are of the right size: at 0 and far out each is nearly met", () => {
    expect(logRatio(20, 0) * 24 * 400).toBeCloseTo(-1, 2);
    // Far out the ratio is that of sinh(a) / a with a = y / (2 S^2), of which a^2 / 6 is the first term.
    expect(logRatio(20, 200) * 24 * 400).toBeCloseTo(100 - 1, 0);
  });

  test("the normaliser is at most exp(3 exp(-2 pi^2 S^2)) times the integral, from S = 1 / 32", () => {
    fc.assert(
      fc.property(fc.double({ min: 1 / 32, max: 3, noNaN: true }), (s) => {
        const excess = Math.log(integerSum(s, () => 1) / (Math.sqrt(2 * Math.PI) * s));
        expect(excess).toBeGreaterThanOrEqual(-1e-12);
        expect(excess).toBeLessThanOrEqual(3 * Math.exp(-2 * Math.PI ** 2 * s * s) + 1e-12);
      }),
    );
  });

  test("the discrete square has no larger exponential moments than the continuous one", () => {
    fc.assert(
      fc.property(deviation, fc.double({ min: 0.001, max: 0.45, noNaN: true }), (s, power) => {
        // E exp(power Y^2 / S^2) is a normaliser of larger S over the normaliser.
        const moment = integerSum(s / Math.sqrt(1 - 2 * power), () => 1) / integerSum(s, () => 1);
        expect(moment).toBeLessThanOrEqual((1 - 2 * power) ** -0.5 * (1 + 1e-12));
      }),
    );
  });

  test("so the norm of K coordinates passes K + 2 sqrt(K x) + 2 x with probability at most exp(-x)", () => {
    for (const s of [0.5, 1, 3]) {
      const reach = Math.ceil(12 * s);
      const total = integerSum(s, () => 1) ** 2;
      for (const x of [0.5, 1, 3, 10, 20]) {
        const bound = 2 + 2 * Math.sqrt(2 * x) + 2 * x;
        let beyond = 0;
        for (let a = -reach; a <= reach; a += 1) {
          for (let b = -reach; b <= reach; b += 1) {
            const square = (a * a + b * b) / (s * s);
            if (square > bound) beyond += Math.exp(-square / 2) / total;
          }
        }
        expect(beyond).toBeLessThanOrEqual(Math.exp(-x));
      }
    }
  });
});

/** Delta of one release of noise in two dimensions for the shift v, by sums over the integers, both directions. */
function exactDelta(s: number, [v, w]: readonly [number, number], q: number, epsilon: number): number {
  const reach = Math.ceil(9 * s + Math.max(v, w));
  const mass = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / s) ** 2));
  const norm = integerSum(s, () => 1);
  const factor = Math.exp(epsilon);
  let remove = 0;
  let add = 0;
  for (let a = 0; a < mass.length; a += 1) {
    for (let b = 0; b < mass.length; b += 1) {
      const without = (mass[a]! / norm) * (mass[b]! / norm);
      const present = ((mass[a - v] ?? 0) / norm) * ((mass[b - w] ?? 0) / norm);
      const mixture = (1 - q) * without + q * present;
      remove += Math.max(0, mixture - factor * without);
      add += Math.max(0, without - factor * mixture);
    }
  }
  return Math.max(remove, add);
}

test("two dimensions: the bounds enclose the worst integer vector in the ball, found by trying all", () => {
  for (const [s, n, q, epsilon] of [
    [8, 5, 1, 1],
    [8, 5, 0.2, 0.3],
    [12, 13, 0.5, 1.5],
    [4, 5, 0.1, 1],
  ] as const) {
    let worst = 0;
    for (let v = 0; v <= n; v += 1) {
      for (let w = 0; w <= v && v * v + w * w <= n * n; w += 1) {
        worst = Math.max(worst, exactDelta(s, [v, w], q, epsilon));
      }
    }
    const bound = delta(poissonSampled(q, discreteGaussian(s, n, 2)), epsilon);
    expect(worst).toBeGreaterThan(0);
    expect(bound.delta).toBeGreaterThanOrEqual(worst);
    expect(bound.deltaLower).toBeLessThanOrEqual(worst * (1 + 1e-9));
    // On so coarse a lattice the allowance is large, yet within a factor of 3.
    expect(bound.delta).toBeLessThan(worst * 3);
  }
});
