import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { delta, epsilon, gaussian, gaussianLogDelta, repeated } from "../accounting/index.js";
import { compareDpZero, dpZeroNoise } from "./index.js";

const run = { epsilon: 2, delta: 1e-5, steps: 1000, records: 1024, clipThreshold: 1 };

describe("DPZero's theorem", () => {
  // mpmath: 4 C sqrt(2 T log(e + epsilon / delta)) / (n epsilon).
  test("the noise scale has its value", () => {
    expect(dpZeroNoise(run).standardDeviation).toBeCloseTo(0.3051639683569573, 15);
    const other = { epsilon: 6, delta: 1e-5, steps: 10_000, records: 512, clipThreshold: 150 };
    expect(dpZeroNoise(other).standardDeviation).toBeCloseTo(100.75054592489275, 10);
  });

  test("in units of the sensitivity 2 C / n it is sqrt(8 T log(e + epsilon / delta)) / epsilon", () => {
    const { sensitivity, noiseMultiplier } = dpZeroNoise(run);
    expect(sensitivity).toBe(2 / 1024);
    const squared = (8 * 1000 * Math.log(Math.exp(1) + 2e5)) / 4;
    expect(noiseMultiplier ** 2 / squared).toBeCloseTo(1, 12);
    // Neither clip nor size matters to the multiplier.
    expect(dpZeroNoise({ ...run, clipThreshold: 7, records: 99 }).noiseMultiplier).toBeCloseTo(
      noiseMultiplier,
      9,
    );
  });

  test("the numeric accountant needs 2.48 times less noise", () => {
    const { quantity, closedForm, numeric, ratio } = compareDpZero(run);
    expect(quantity).toBe("noise multiplier");
    // mpmath, root of Balle and Wang's curve at epsilon 2, delta 1e-5: mu = 0.5015516891696566.
    expect(numeric).toBeGreaterThanOrEqual(Math.sqrt(1000) / 0.5015516891696566);
    expect(numeric).toBeLessThan((Math.sqrt(1000) / 0.5015516891696566) * (1 + 2e-6));
    expect(ratio).toBeCloseTo(closedForm / numeric, 12);
    expect(ratio).toBeCloseTo(2.478, 3);
  });

  test("gives the guarantee it promises, with room, whatever the target", () => {
    const target = fc.double({ min: 0.05, max: 10, noNaN: true });
    const steps = fc.integer({ min: 1, max: 1e5 });
    const power = fc.integer({ min: 2, max: 12 });
    fc.assert(
      fc.property(target, steps, power, (at, count, p) => {
        const question = { ...run, epsilon: at, delta: 10 ** -p, steps: count };
        const mu = Math.sqrt(count) / dpZeroNoise(question).noiseMultiplier;
        expect(gaussianLogDelta(at, mu)).toBeLessThan(Math.log(question.delta));
      }),
    );
  });

  test("the accountant agrees through events", () => {
    const event = repeated(gaussian(dpZeroNoise(run).noiseMultiplier), run.steps);
    expect(epsilon(event, run.delta).epsilon).toBeLessThan(run.epsilon / 2);
    expect(delta(event, run.epsilon).delta).toBeLessThan(run.delta);
  });
});
