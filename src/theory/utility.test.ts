import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { dpZeroEvaluations, dpZeroUtility, vectorNoiseUtility } from "./index.js";

const setting = {
  records: 1000,
  epsilon: 2,
  delta: 1e-5,
  dimension: 1e7,
  effectiveRank: 50,
  constant: 1,
};

describe("utility rates", () => {
  test("DPZero's rate has its value", () => {
    // mpmath: log(1e7) sqrt(50 log(1e5)) / 2000.
    expect(dpZeroUtility(setting)).toBeCloseTo(0.19335774909062378, 14);
  });

  test("one scalar of noise is d / log(d) better than a vector of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1e9 }), (dimension) => {
        const at = { ...setting, dimension };
        const gain = vectorNoiseUtility(at) / dpZeroUtility(at);
        expect((gain * Math.log(dimension)) / dimension).toBeCloseTo(1, 9);
      }),
    );
  });

  test("is monotone as the theorem says: better with records, epsilon and delta, worse with rank and dimension", () => {
    const factor = fc.integer({ min: 2, max: 10 });
    fc.assert(
      fc.property(factor, (times) => {
        for (const rate of [dpZeroUtility, vectorNoiseUtility]) {
          const here = rate(setting);
          expect(rate({ ...setting, records: setting.records * times })).toBeCloseTo(here / times, 9);
          expect(rate({ ...setting, epsilon: setting.epsilon * times })).toBeCloseTo(here / times, 9);
          expect(rate({ ...setting, delta: setting.delta * times })).toBeLessThan(here);
          expect(rate({ ...setting, dimension: setting.dimension * times })).toBeGreaterThan(here);
          expect(rate({ ...setting, effectiveRank: setting.effectiveRank * times ** 2 })).toBeCloseTo(
            here * times,
            6,
          );
        }
      }),
    );
  });

  test("evaluations are n^2 sqrt(r)", () => {
    expect(dpZeroEvaluations({ records: 1000, effectiveRank: 49, constant: 2 })).toBe(14e6);
    expect(() => dpZeroEvaluations({ records: 1.5, effectiveRank: 49, constant: 2 })).toThrow(
      /records is 1.5/u,
    );
  });
});
