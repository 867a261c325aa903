import { expect, test } from "vitest";

import { chiSquareDistribution, chiSquareQuantile } from "./chi-square.js";

// scipy.stats.chi2.ppf(p, k), scipy 1.17.1, printed with repr.
const known: readonly (readonly [degrees: number, probability: number, quantile: number])[] = [
  [1, 0.025, 0.0009820691171752555],
  [1, 0.975, 5.023886187314888],
  [2, 0.025, 0.05063561596857975],
  [2, 0.975, 7.377758908227871],
  [3, 0.025, 0.21579528262389785],
  [3, 0.975, 9.348403604496148],
  [10, 0.025, 3.2469727802368413],
  [10, 0.975, 20.483177350807388],
  [32, 0.025, 18.290764907283048],
  [32, 0.975, 49.48043774297169],
  [100, 0.025, 74.22192747492373],
  [100, 0.975, 129.5611971858366],
  [1000, 0.025, 914.257153799259],
  [1000, 0.975, 1089.5309127749135],
  [4096, 0.025, 3920.5061488175543],
  [4096, 0.975, 4275.282329913187],
  [1, 0.001, 1.5707971492624921e-6],
  [1, 0.999, 10.827566170662733],
  [4096, 0.001, 3821.9937224130954],
  [4096, 0.999, 4381.4048761582035],
];

test.each(known)("chi-square quantile with %i degrees at %d is scipy's", (degrees, probability, quantile) => {
  const ours = chiSquareQuantile(degrees, probability);
  expect(Math.abs(ours / quantile - 1)).toBeLessThan(1e-9);
});

test("with two degrees the quantile is the exponential distribution's", () => {
  for (const probability of [0.001, 0.2, 0.5, 0.999]) {
    expect(chiSquareQuantile(2, probability)).toBeCloseTo(-2 * Math.log1p(-probability), 10);
  }
});

test("the distribution undoes the quantile", () => {
  for (const degrees of [1, 7, 64, 999, 4096]) {
    for (const probability of [0.001, 0.025, 0.5, 0.975, 0.999]) {
      expect(chiSquareDistribution(degrees, chiSquareQuantile(degrees, probability))).toBeCloseTo(
        probability,
        10,
      );
    }
  }
});

test("what is out of range is refused", () => {
  expect(() => chiSquareQuantile(0, 0.5)).toThrow(RangeError);
  expect(() => chiSquareQuantile(4097, 0.5)).toThrow(RangeError);
  expect(() => chiSquareQuantile(1.5, 0.5)).toThrow(RangeError);
  expect(() => chiSquareQuantile(1, 0)).toThrow(RangeError);
  expect(() => chiSquareQuantile(1, NaN)).toThrow(RangeError);
});
