import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  AccountingError,
  composed,
  discreteGaussian,
  discreteLaplace,
  type Event,
  gaussian,
  laplace,
  noOp,
  nonPrivate,
  pldAccountant,
  poissonSampled,
  rdpAccountant,
  repeated,
} from "./index.js";

const accountants = [pldAccountant, rdpAccountant];

const rate = fc.double({ min: 0.01, max: 1, noNaN: true });
const noise = fc.double({ min: 0.7, max: 10, noNaN: true });
const length = fc.integer({ min: 1, max: 2000 });
const delta = fc.integer({ min: 3, max: 9 }).map((power) => 10 ** -power);
const more = fc.double({ min: 1.05, max: 3, noNaN: true });

const run = (q: number, sigma: number, steps: number): Event =>
  repeated(poissonSampled(q, gaussian(sigma)), steps);

/** One event of every kind of noise, sampled and not, and a composition of them. */
const examples: readonly (readonly [string, Event])[] = [
  ["Gaussian", gaussian(2)],
  ["sampled Gaussian", run(0.05, 1.2, 500)],
  ["Laplace", laplace(3)],
  ["sampled Laplace", repeated(poissonSampled(0.1, laplace(2)), 100)],
  ["discrete Gaussian", repeated(poissonSampled(0.1, discreteGaussian(64, 32)), 50)],
  [
    "discrete Gaussian in 16 dimensions",
    repeated(poissonSampled(0.1, discreteGaussian(2 ** 21, 2 ** 20, 16)), 50),
  ],
  ["discrete Laplace", repeated(poissonSampled(0.2, discreteLaplace(6, 2)), 20)],
  ["three phases", composed([run(0.02, 1, 100), run(0.05, 2, 100), laplace(20), noOp])],
];

const mystery = { kind: "mystery" } as unknown as Event;
const unknownEvents: readonly (readonly [string, Event])[] = [
  ["at the top", mystery],
  ["sampled", poissonSampled(0.1, mystery)],
  ["sampled at rate 0", poissonSampled(0, mystery)],
  ["repeated", repeated(mystery, 3)],
  ["repeated no times", repeated(mystery, 0)],
  ["composed", composed([gaussian(1), mystery])],
  ["beside an unprotected release", composed([nonPrivate, mystery])],
  ["deep", composed([noOp, repeated(composed([poissonSampled(0.1, repeated(mystery, 1))]), 7)])],
];

/** The worst factor by which two upper bounds on one number may differ where both are about as precise. */
const slack = 1.001;

describe.each(accountants)("the $name accountant", (accountant) => {
  const upper = (event: Event, at: number): number => accountant.epsilon(event, at).epsilon;

  test.each(unknownEvents)("refuses an event it does not know: %s", (_, event) => {
    expect(accountant.supports(event)).toBe(false);
    expect(() => accountant.epsilon(event, 1e-5)).toThrow(AccountingError);
    expect(() => accountant.epsilon(event, 1e-5)).toThrow(/mystery/);
  });

  test("refuses several releases on one sample", () => {
    const event = poissonSampled(0.1, composed([gaussian(1), gaussian(1)]));
    expect(accountant.supports(event)).toBe(false);
    expect(() => accountant.epsilon(event, 1e-5)).toThrow(
      expect.objectContaining({ code: "unsupported-event" }),
    );
  });

  test.each([null, undefined, 7, "gaussian", [], { kind: "gaussian" }, { kind: "repeated", times: 3 }])(
    "refuses what is no event: %j",
    (value) => {
      expect(accountant.supports(value)).toBe(false);
      expect(() => accountant.epsilon(value as never, 1e-5)).toThrow(AccountingError);
    },
  );

  test.each([NaN, -1e-5, 1.5, Infinity, "1e-5", undefined])("refuses delta = %s", (bad) => {
    expect(() => accountant.epsilon(gaussian(1), bad as never)).toThrow(
      expect.objectContaining({ code: "bad-argument" }),
    );
  });

  test.each(examples)("is never NaN or negative, and supports what it answers: %s", (_, event) => {
    expect(accountant.supports(event)).toBe(true);
    for (const at of [1e-300, 1e-5, 0.9, 1]) {
      const answer = accountant.epsilon(event, at);
      expect(answer.epsilon).toBeGreaterThanOrEqual(0);
      expect(answer.epsilonLower).toBeGreaterThanOrEqual(0);
      expect(answer.epsilon).toBeGreaterThanOrEqual(answer.epsilonLower);
    }
  });

  test("is monotone in noise, steps, sampling rate and delta", () => {
    fc.assert(
      fc.property(rate, noise, length, delta, more, (q, sigma, steps, at, factor) => {
        const base = upper(run(q, sigma, steps), at) / slack - 1e-5;
        expect(upper(run(q, sigma / factor, steps), at)).toBeGreaterThanOrEqual(base);
        expect(upper(run(q, sigma, Math.ceil(steps * factor)), at)).toBeGreaterThanOrEqual(base);
        expect(upper(run(Math.min(1, q * factor), sigma, steps), at)).toBeGreaterThanOrEqual(base);
        expect(upper(run(q, sigma, steps), at / factor)).toBeGreaterThanOrEqual(base);
      }),
      { numRuns: 5 },
    );
  });

  test("is monotone in the scale of Laplace noise and in the sensitivity on the lattice", () => {
    const sampled = (event: Event): number => upper(repeated(poissonSampled(0.1, event), 50), 1e-5);
    expect(sampled(laplace(2))).toBeGreaterThan(sampled(laplace(2.2)));
    expect(sampled(discreteLaplace(6, 3))).toBeGreaterThan(sampled(discreteLaplace(6, 2)));
    expect(sampled(discreteGaussian(64, 40))).toBeGreaterThan(sampled(discreteGaussian(64, 32)));
  });

  test("charges something for every release that adds noise", () => {
    fc.assert(
      fc.property(rate, noise, length, (q, sigma, steps) => {
        expect(upper(composed([run(q, sigma, steps), gaussian(1)]), 1e-6)).toBeGreaterThan(
          upper(gaussian(1), 1e-6) / slack,
        );
      }),
      { numRuns: 3 },
    );
  });

  test.each([gaussian(2), laplace(2), discreteGaussian(64, 32), discreteLaplace(6, 2)])(
    "sampling at rate 1 equals none, and at rate 0 releases nothing: $kind",
    (event) => {
      expect(accountant.epsilon(poissonSampled(1, event), 1e-5)).toEqual(accountant.epsilon(event, 1e-5));
      expect(upper(repeated(poissonSampled(0, event), 1000), 1e-5)).toBe(0);
    },
  );

  test.each([0.01, 0.2, 1])("repeated equals composed, at rate %d", (q) => {
    const one = poissonSampled(q, gaussian(3));
    const answer = accountant.epsilon(repeated(one, 12), 1e-6);
    expect(accountant.epsilon(composed(Array.from({ length: 12 }, () => one)), 1e-6)).toEqual(answer);
    expect(accountant.epsilon(composed([repeated(one, 6), repeated(repeated(one, 2), 3)]), 1e-6)).toEqual(
      answer,
    );
  });

  test("the order of phases does not matter beyond the last digits", () => {
    const phases = [run(0.05, 2, 100), run(0.02, 1, 300), laplace(20)];
    const one = upper(composed(phases), 1e-6);
    const other = upper(composed([...phases].reverse()), 1e-6);
    expect(Math.abs(one / other - 1)).toBeLessThan(slack - 1);
  });

  test("noOp is nothing, alone and in company", () => {
    expect(upper(noOp, 1e-5)).toBe(0);
    expect(upper(repeated(poissonSampled(0.5, noOp), 1000), 1e-5)).toBe(0);
    expect(upper(composed([]), 1e-5)).toBe(0);
    expect(accountant.epsilon(composed([noOp, gaussian(2), noOp]), 1e-5)).toEqual(
      accountant.epsilon(gaussian(2), 1e-5),
    );
  });

  test("nonPrivate is infinite, alone and in company, unless it never happens", () => {
    for (const event of [nonPrivate, composed([gaussian(9), nonPrivate]), poissonSampled(0.01, nonPrivate)]) {
      expect(upper(event, 1e-5)).toBe(Infinity);
    }
    expect(upper(composed([repeated(nonPrivate, 0), poissonSampled(0, nonPrivate)]), 1e-5)).toBe(0);
  });

  test("the answer is of the event alone: asking again, or of its copy from JSON, gives the same", () => {
    for (const [, event] of examples) {
      const answer = accountant.epsilon(event, 1e-5);
      expect(accountant.epsilon(JSON.parse(JSON.stringify(event)) as Event, 1e-5)).toEqual(answer);
    }
  });
});

describe("the two accountants together", () => {
  test.each(examples)(
    "Renyi's epsilon is never below the lower bound of the loss distribution: %s",
    (_, event) => {
      for (const at of [1e-10, 1e-3]) {
        const { epsilonLower } = pldAccountant.epsilon(event, at);
        expect(rdpAccountant.epsilon(event, at).epsilon).toBeGreaterThanOrEqual(epsilonLower);
      }
    },
  );

  test("the same for any sampled Gaussian", () => {
    fc.assert(
      fc.property(rate, noise, length, delta, (q, sigma, steps, at) => {
        const event = run(q, sigma, steps);
        const { epsilonLower } = pldAccountant.epsilon(event, at);
        expect(rdpAccountant.epsilon(event, at).epsilon).toBeGreaterThanOrEqual(epsilonLower);
      }),
      { numRuns: 8 },
    );
  });
});
