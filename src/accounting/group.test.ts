import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  AccountingError,
  composed,
  delta,
  discreteGaussian,
  discreteLaplace,
  epsilon,
  type Event,
  gaussian,
  groupEpsilon,
  laplace,
  noOp,
  nonPrivate,
  poissonSampled,
  repeated,
  underRelation,
} from "./index.js";

/** Of 1e-3 steps on the grid of losses: [q, sigma, T, k, epsilon at delta 1e-5]. */
const goldenGroups = [
  [0.3, 1, 1, 3, 10.586164569489027],
  [0.05, 2, 100, 2, 2.3769690216938417],
  [0.1, 2, 10, 4, 3.7968867679074703],
] as const;

const run = (q: number, sigma: number, steps: number): Event =>
  repeated(poissonSampled(q, gaussian(sigma)), steps);

describe("groups of records", () => {
  test.each([
    ["sampled Gaussian", run(0.05, 2, 100)],
    ["Gaussian", gaussian(2)],
    ["Laplace", laplace(2)],
    ["discrete Gaussian", poissonSampled(0.1, discreteGaussian(64, 32))],
  ])("for one record it is epsilon: %s", (_, event) => {
    expect(groupEpsilon(event, 1e-6, 1)).toEqual(epsilon(event, 1e-6));
  });

  test.each([2, 3, 10])("unsampled Gaussian noise: the sensitivity grows %d times, exactly", (records) => {
    const answer = groupEpsilon(repeated(gaussian(20), 25), 1e-6, records);
    const expected = epsilon(gaussian(20 / 5 / records), 1e-6);
    expect(answer.epsilon).toBeCloseTo(expected.epsilon, 10);
    expect(answer.epsilonLower).toBeCloseTo(expected.epsilonLower, 10);
  });

  test("unsampled noise on the lattice: the sensitivity grows in integers", () => {
    const group = groupEpsilon(discreteGaussian(500, 32), 1e-6, 3);
    expect(group).toEqual(epsilon(discreteGaussian(500, 96), 1e-6));
    expect(groupEpsilon(discreteLaplace(50, 2), 1e-6, 4)).toEqual(epsilon(discreteLaplace(50, 8), 1e-6));
  });

  test("delta 0 with Laplace noise: k records cost k times epsilon, without sampling", () => {
    const event = repeated(laplace(4), 10);
    for (const records of [2, 5]) {
      expect(groupEpsilon(event, 0, records).epsilon).toBeCloseTo(records * 2.5, 10);
    }
  });

  test("delta 0 with sampled Laplace noise: at most k times epsilon", () => {
    const event = repeated(poissonSampled(0.1, laplace(2)), 10);
    const one = epsilon(event, 0).epsilon;
    expect(groupEpsilon(event, 0, 3).epsilon).toBeCloseTo(3 * one, 10);
  });

  test("epsilon grows with the group", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0.02, 0.1, 1),
        fc.double({ min: 2, max: 8, noNaN: true }),
        fc.integer({ min: 1, max: 50 }),
        (q, sigma, steps) => {
          let before = 0;
          for (const records of [1, 2, 4]) {
            const answer = groupEpsilon(run(q, sigma, steps), 1e-5, records);
            expect(answer.epsilon).toBeGreaterThanOrEqual(before);
            expect(answer.epsilonLower).toBeLessThanOrEqual(answer.epsilon);
            before = answer.epsilon;
          }
        },
      ),
      { numRuns: 3 },
    );
  });

  test("with sampling it is far below the bound for any mechanism, k e at delta (e^(k e) - 1) / (e^e - 1)", () => {
    const event = run(0.05, 2, 100);
    const group = groupEpsilon(event, 1e-5, 2);
    const each = group.epsilon / 2;
    const growth = Math.expm1(2 * each) / Math.expm1(each);
    expect(delta(event, each).deltaLower * growth).toBeGreaterThan(1e-5);
    expect(group.epsilon - group.epsilonLower).toBeLessThan(1e-3 * group.epsilon);
  });

  test("figures of google dp_accounting 0.6, MixtureGaussianPrivacyLoss, are met", () => {
    for (const [q, sigma, steps, records, theirs] of goldenGroups) {
      const { epsilon: upper, epsilonLower: lower } = groupEpsilon(run(q, sigma, steps), 1e-5, records);
      expect(lower).toBeLessThanOrEqual(theirs);
      expect(Math.abs(upper - theirs)).toBeLessThan(1e-3 * theirs);
    }
  });

  test("one step: the bound covers the true loss of k records that are each sampled on their own", () => {
    // The shift is binomial; the sum over a fine grid of max(0, P - e^epsilon Q) is delta, up to the grid's error.
    const [q, sigma, records] = [0.3, 1, 3];
    const shares = [0.343, 0.441, 0.189, 0.027];
    const density = (x: number): number => Math.exp((-x * x) / (2 * sigma * sigma)) / Math.sqrt(2 * Math.PI);
    const answer = groupEpsilon(poissonSampled(q, gaussian(sigma)), 1e-3, records).epsilon;
    let [remove, add] = [0, 0];
    for (let x = -12; x < 15; x += 1e-4) {
      const without = density(x);
      const withAll = shares.reduce((sum, share, shift) => sum + share * density(x - shift), 0);
      remove += 1e-4 * Math.max(0, withAll - Math.exp(answer) * without);
      add += 1e-4 * Math.max(0, without - Math.exp(answer) * withAll);
    }
    expect(Math.max(remove, add)).toBeLessThanOrEqual(1e-3);
    expect(Math.max(remove, add)).toBeGreaterThan(0.999e-3);
  });

  test.each([0, -1, 1.5, NaN, Infinity, "2", undefined])("a group of %s records is refused", (records) => {
    expect(() => groupEpsilon(gaussian(1), 1e-5, records as never)).toThrow(
      expect.objectContaining({ code: "bad-argument" }),
    );
  });

  test("what is unprotected, or unknown, stays so", () => {
    expect(groupEpsilon(composed([gaussian(1), nonPrivate]), 1e-5, 3).epsilon).toBe(Infinity);
    expect(groupEpsilon(noOp, 1e-5, 3).epsilon).toBe(0);
    expect(() => groupEpsilon(composed([{ kind: "mystery" } as never]), 1e-5, 3)).toThrow(/mystery/);
  });
});

describe("neighbouring relations", () => {
  const everything = composed([
    repeated(gaussian(8), 3),
    laplace(6),
    discreteGaussian(64, 8),
    poissonSampled(1, discreteLaplace(12, 2)),
    noOp,
    nonPrivate,
  ]);

  test.each(["addOrRemoveOne", "replaceSpecial"] as const)("%s leaves every event as it is", (relation) => {
    expect(underRelation(everything, relation)).toEqual(everything);
    expect(underRelation(run(0.1, 2, 3), relation)).toEqual(run(0.1, 2, 3));
  });

  test("replaceOne doubles the sensitivity of every release", () => {
    expect(underRelation(everything, "replaceOne")).toEqual(
      composed([
        repeated(gaussian(4), 3),
        laplace(3),
        discreteGaussian(64, 16),
        discreteLaplace(12, 4),
        noOp,
        nonPrivate,
      ]),
    );
  });

  test("replaceOne costs what a group of two costs, without sampling", () => {
    const event = repeated(gaussian(8), 3);
    expect(epsilon(underRelation(event, "replaceOne"), 1e-5)).toEqual(groupEpsilon(event, 1e-5, 2));
  });

  test("replaceOne refuses sampled events, at any depth", () => {
    for (const event of [run(0.1, 2, 3), composed([gaussian(1), repeated(run(0.5, 2, 3), 2)])]) {
      expect(() => underRelation(event, "replaceOne")).toThrow(
        expect.objectContaining({ code: "unsupported-event" }),
      );
      expect(() => underRelation(event, "replaceOne")).toThrow(AccountingError);
    }
  });
});
