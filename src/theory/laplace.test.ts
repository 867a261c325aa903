import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { amplifiedEpsilon, compareLaplace, compareLaplacePure, laplacePureEpsilon } from "./index.js";

const run = { releaseEpsilon: 0.1, samplingRate: 1 / 16, steps: 600 };

describe("DP-ZO with Laplace noise", () => {
  test("the pure epsilon has its value", () => {
    // mpmath: 600 log(1 + (e^0.1 - 1) / 16).
    expect(laplacePureEpsilon(run)).toBeCloseTo(3.9310039324377373, 12);
    expect(Math.exp(amplifiedEpsilon(run))).toBeCloseTo((15 + Math.exp(0.1)) / 16, 14);
  });

  test("sampling everybody amplifies nothing", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 20, noNaN: true }), (releaseEpsilon) => {
        expect(amplifiedEpsilon({ releaseEpsilon, samplingRate: 1 }) / releaseEpsilon).toBeCloseTo(1, 12);
      }),
    );
  });

  test("is monotone in scale, rate and steps, and never above the unsampled one", () => {
    const e0 = fc.double({ min: 1e-4, max: 10, noNaN: true });
    const rate = fc.double({ min: 1e-5, max: 1, noNaN: true });
    fc.assert(
      fc.property(e0, rate, rate, fc.integer({ min: 1, max: 1e5 }), (releaseEpsilon, a, b, steps) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const at = (samplingRate: number): number =>
          laplacePureEpsilon({ releaseEpsilon, samplingRate, steps });
        expect(at(low)).toBeLessThanOrEqual(at(high));
        expect(at(high)).toBeLessThanOrEqual(steps * releaseEpsilon * (1 + 1e-12));
        const step = { releaseEpsilon, samplingRate: low };
        expect(laplacePureEpsilon({ ...step, steps: steps + 1 })).toBeGreaterThan(at(low));
        expect(amplifiedEpsilon({ ...step, releaseEpsilon: 2 * releaseEpsilon })).toBeGreaterThan(
          amplifiedEpsilon(step),
        );
      }),
    );
  });

  test("the accountant's largest loss is the closed form", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-2, max: 5, noNaN: true }),
        fc.double({ min: 1e-4, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 1e4 }),
        (releaseEpsilon, samplingRate, steps) => {
          expect(compareLaplacePure({ releaseEpsilon, samplingRate, steps }).ratio).toBeCloseTo(1, 9);
        },
      ),
    );
  });

  test("at a delta above 0 the loss distribution is far below all three closed forms, in their order", () => {
    const { basic, advanced, kairouz } = compareLaplace(run, 1e-5);
    expect(basic.ratio).toBeGreaterThan(7);
    expect(advanced.ratio).toBeCloseTo(1.493, 2);
    expect(kairouz.ratio).toBeCloseTo(1.349, 2);
    expect(new Set([basic.numeric, advanced.numeric, kairouz.numeric]).size).toBe(1);
  });
});
