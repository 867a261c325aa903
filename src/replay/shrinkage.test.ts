import { expect, test } from "vitest";

import type { Plan } from "../plan/plan.js";
import { freshShrinkage, shrinkageFactor } from "./shrinkage.js";

/** As far as shrinkage reads a plan. */
function plan(shrinkage?: Plan["shrinkage"], standardDeviation = 100): Plan {
  return {
    mechanism: { kind: "discrete-gaussian", latticeSensitivity: 2 ** 20, standardDeviation },
    ...(shrinkage && { shrinkage }),
  } as Plan;
}

const constant = (value: number, length: number): number[] => new Array<number>(length).fill(value);

test("without a rule the factor is 1", () => {
  expect(shrinkageFactor(freshShrinkage(), plan(), [1, 2, 3])).toBe(1);
});

test("james-stein: max(0, 1 - (K - 2) s^2 / |r|^2), and never below 0 or above 1", () => {
  const factor = (values: readonly number[]): number =>
    shrinkageFactor(freshShrinkage(), plan({ rule: "james-stein" }), values);
  expect(factor(constant(200, 10))).toBeCloseTo(1 - 8 / 40, 12);
  expect(factor(constant(10, 10))).toBe(0);
  expect(factor(constant(0, 10))).toBe(0);
  expect(factor(constant(1e15, 10))).toBeCloseTo(1, 12);
});

test("james-stein lowers the mean squared error of a known signal in noise of the known variance", () => {
  // Synthetic: a fixed generator and sums of 12 uniforms.
  let state = 7;
  const uniform = (): number => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return (state + 0.5) / 2 ** 32;
  };
  const noise = (): number => 100 * (constant(0, 12).reduce((sum) => sum + uniform(), 0) - 6);
  let [plain, shrunk] = [0, 0];
  for (let run = 0; run < 400; run += 1) {
    const signal = constant(50, 32);
    const values = signal.map((value) => Math.round(value + noise()));
    const factor = shrinkageFactor(freshShrinkage(), plan({ rule: "james-stein" }), values);
    values.forEach((value, k) => {
      plain += (value - signal[k]!) ** 2;
      shrunk += (factor * value - signal[k]!) ** 2;
    });
  }
  expect(shrunk / plain).toBeLessThan(0.5);
});

test("sage: 1 during the warm-up, then the signal's share over its share at the warm-up's end, within its bounds", () => {
  const rule = { rule: "sage", decay: 0.5, warmup: 2, least: 0.25 } as const;
  const state = freshShrinkage();
  const step = (value: number): number => shrinkageFactor(state, plan(rule), constant(value, 4));
  // Powers over the noise's variance: 4, 4; energies 3, 3; share 3 / 4 is the reference.
  expect([step(200), step(200)]).toEqual([1, 1]);
  // Power 0.25: signal 0, energy 1.5, share 0.6.
  expect(step(50)).toBeCloseTo(0.6 / 0.75, 12);
  expect(step(50)).toBeCloseTo(0.75 / 1.75 / 0.75, 12);
  for (let i = 0; i < 20; i += 1) step(0);
  expect(step(0)).toBe(0.25);
  for (let i = 0; i < 20; i += 1) step(1000);
  expect(step(1000)).toBe(1);
  // A warm-up without any signal leaves nothing to compare with.
  const silent = freshShrinkage();
  const factors = [0, 0, 300].map((value) => shrinkageFactor(silent, plan(rule), constant(value, 4)));
  expect(factors).toEqual([1, 1, 1]);
});
