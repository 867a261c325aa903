import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { AccountingError } from "../accounting/index.js";
import { advancedComposition, basicComposition, compareComposition, kairouzComposition } from "./index.js";

const run = { stepEpsilon: 0.1, steps: 100, delta: 1e-5 };

// Reference figures: mpmath, 30 digits; the last is the binomial sum over randomised response, solved for epsilon.
describe("composition of pure mechanisms", () => {
  test("the three closed forms have their values", () => {
    expect(basicComposition(run)).toBe(10);
    expect(advancedComposition(run)).toBeCloseTo(5.8502350929445575, 12);
    expect(kairouzComposition(run)).toBeCloseTo(5.298109661766881, 12);
  });

  test("the numeric accountant meets the exact optimum, and the closed form is 1.23 times it", () => {
    const { numeric, ratio } = compareComposition(run);
    expect(numeric).toBeGreaterThanOrEqual(4.306791372516507);
    expect(numeric).toBeLessThan(4.306791372516507 * (1 + 1e-4));
    expect(ratio).toBeCloseTo(1.2302, 3);
  });

  test("no closed form is below the worst mechanism of that epsilon, and Kairouz' is the least", () => {
    const step = fc.double({ min: 1e-3, max: 2, noNaN: true });
    const steps = fc.integer({ min: 1, max: 400 });
    const delta = fc.integer({ min: 2, max: 12 }).map((power) => 10 ** -power);
    fc.assert(
      fc.property(step, steps, delta, (stepEpsilon, count, at) => {
        const question = { stepEpsilon, steps: count, delta: at };
        const { closedForm, numeric } = compareComposition(question);
        expect(closedForm).toBeGreaterThanOrEqual(numeric * (1 - 1e-4) - 2e-6);
        expect(advancedComposition(question)).toBeGreaterThanOrEqual(closedForm * (1 - 1e-12));
        expect(closedForm).toBeLessThanOrEqual(basicComposition(question));
      }),
      { numRuns: 40 },
    );
  });

  test("is monotone in steps, epsilon and 1 / delta", () => {
    const some = fc.double({ min: 1e-3, max: 1, noNaN: true });
    fc.assert(
      fc.property(some, some, fc.integer({ min: 1, max: 1e5 }), (a, b, steps) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        for (const form of [advancedComposition, kairouzComposition]) {
          const at = (change: Partial<typeof run>): number =>
            form({ stepEpsilon: low, steps, delta: 1e-6, ...change });
          expect(at({ stepEpsilon: high })).toBeGreaterThanOrEqual(at({}));
          expect(at({ steps: steps + 1 })).toBeGreaterThanOrEqual(at({}));
          expect(at({ delta: 1e-9 })).toBeGreaterThanOrEqual(at({}));
        }
      }),
    );
  });

  test("refuses what has no meaning, with a code", () => {
    const bad = expect.objectContaining({ code: "bad-argument" }) as Error;
    expect(() => basicComposition({ stepEpsilon: 0, steps: 1 })).toThrow(bad);
    expect(() => basicComposition({ stepEpsilon: 1, steps: 1.5 })).toThrow(bad);
    expect(() => kairouzComposition({ ...run, delta: 0 })).toThrow(bad);
    expect(() => kairouzComposition({ ...run, delta: NaN })).toThrow(AccountingError);
  });
});
