import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { delta, gaussian, poissonSampled, repeated } from "../accounting/index.js";
import {
  compareMoments,
  gaussianLimitConstant,
  momentsFormApplies,
  momentsNoise,
  neededMomentsConstant,
} from "./index.js";

const run = { epsilon: 2, delta: 1e-5, samplingRate: 1 / 16, steps: 1000 };

describe("the moments accountant's form", () => {
  test("has its value, and is linear in q and the square root of T", () => {
    // mpmath: 1.5 / 16 sqrt(1000 log(1e5)) / 2.
    const noise = momentsNoise({ ...run, constant: 1.5 });
    expect(noise).toBeCloseTo(5.029607874115658, 12);
    expect(momentsNoise({ ...run, constant: 1.5, samplingRate: 1 / 8 })).toBeCloseTo(2 * noise, 12);
    expect(momentsNoise({ ...run, constant: 1.5, steps: 4000 })).toBeCloseTo(2 * noise, 12);
    expect(momentsNoise({ ...run, constant: 1.5, epsilon: 1 })).toBeCloseTo(2 * noise, 12);
  });

  test("with the needed constant it reaches the target, with one per cent less it does not", () => {
    const constant = neededMomentsConstant(run);
    const at = (factor: number): number => {
      const noise = momentsNoise({ ...run, constant: factor * constant });
      return delta(repeated(poissonSampled(run.samplingRate, gaussian(noise)), run.steps), run.epsilon).delta;
    };
    expect(at(1 + 1e-9)).toBeLessThanOrEqual(run.delta * (1 + 1e-4));
    expect(at(0.99)).toBeGreaterThan(run.delta);
  });

  test("sqrt(2) is 17 % too much at epsilon 2, and too little at epsilon 6: no constant serves all runs", () => {
    expect(compareMoments({ ...run, constant: gaussianLimitConstant }).ratio).toBeCloseTo(1.1707, 3);
    expect(compareMoments({ ...run, constant: gaussianLimitConstant, epsilon: 6 }).ratio).toBeLessThan(1);
  });

  test("the needed constant nears sqrt(2) from below as epsilon and delta go to 0", () => {
    const limit = { samplingRate: 1 / 16, steps: 10_000, epsilon: 0.01 };
    const needed = [1e-5, 1e-20, 1e-100].map((at) => neededMomentsConstant({ ...limit, delta: at }));
    expect(needed[0]!).toBeLessThan(needed[1]!);
    expect(needed[1]!).toBeLessThan(needed[2]!);
    expect(needed[2]! / gaussianLimitConstant).toBeGreaterThan(0.96);
    expect(needed[2]! / gaussianLimitConstant).toBeLessThan(1.001);
  });

  test("the condition of the theorem is a product with an unknown constant", () => {
    // q^2 T = 3.90625.
    expect(momentsFormApplies({ ...run, c1: 1 })).toBe(true);
    expect(momentsFormApplies({ ...run, c1: 0.5 })).toBe(false);
  });

  test("refuses what has no meaning", () => {
    const change = fc.constantFrom(
      { epsilon: 0 },
      { delta: 1 },
      { samplingRate: 1.5 },
      { steps: 0 },
      { constant: NaN },
    );
    fc.assert(
      fc.property(change, (bad) => {
        expect(() => momentsNoise({ ...run, constant: 1, ...bad })).toThrow(
          expect.objectContaining({ code: "bad-argument" }) as Error,
        );
      }),
    );
  });
});
