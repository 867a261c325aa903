import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { groupEpsilon, poissonSampled, gaussian, repeated } from "../accounting/index.js";
import { compareGroup, groupGuarantee } from "./index.js";

describe("group privacy", () => {
  test("has its value, and the geometric sum", () => {
    // mpmath: 1e-6 (e^3 - 1) / (e - 1).
    const { epsilon, delta } = groupGuarantee({ epsilon: 1, delta: 1e-6 }, 3);
    expect(epsilon).toBe(3);
    expect(delta / 1.1107337927389695e-5).toBeCloseTo(1, 12);
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 3, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (each, records) => {
          let sum = 0;
          for (let i = 0; i < records; i += 1) sum += Math.exp(i * each);
          expect(groupGuarantee({ epsilon: each, delta: 1e-9 }, records).delta / (1e-9 * sum)).toBeCloseTo(
            1,
            9,
          );
        },
      ),
    );
  });

  test("one record is itself, and pure privacy stays pure", () => {
    expect(groupGuarantee({ epsilon: 2, delta: 1e-5 }, 1)).toEqual({ epsilon: 2, delta: 1e-5 });
    expect(groupGuarantee({ epsilon: 2, delta: 0 }, 4)).toEqual({ epsilon: 8, delta: 0 });
  });

  test("is valid and loose for Gaussian noise on everybody", () => {
    // mpmath: epsilon of the Gaussian curve with mu = 3 / 4 at delta 3.2480878e-5 is 2.93171329730509.
    const { closedForm, numeric, ratio } = compareGroup({ noiseMultiplier: 4, epsilon: 1, records: 3 });
    expect(closedForm).toBe(3);
    expect(numeric).toBeCloseTo(2.931713297305092, 8);
    expect(ratio).toBeGreaterThan(1);
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 5, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        fc.integer({ min: 2, max: 10 }),
        (noiseMultiplier, at, records) => {
          expect(compareGroup({ noiseMultiplier, epsilon: at, records }).ratio).toBeGreaterThanOrEqual(
            1 - 1e-9,
          );
        },
      ),
    );
  });

  test("the accountant's group bound under sampling is this form at its best epsilon", () => {
    const run = repeated(poissonSampled(0.05, gaussian(2)), 200);
    const bound = groupEpsilon(run, 1e-5, 3);
    const again = groupGuarantee({ epsilon: bound.epsilon / 3, delta: 1e-5 }, 3);
    expect(again.epsilon).toBeCloseTo(bound.epsilon, 12);
    expect(bound.epsilon).toBeGreaterThan(3 * groupEpsilon(run, 1e-5, 1).epsilon);
  });
});
