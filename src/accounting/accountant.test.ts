import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  AccountingError,
  calibrate,
  calibrateNoiseMultiplier,
  composed,
  curve,
  delta,
  discreteGaussian,
  discreteLaplace,
  epsilon,
  type Event,
  gaussian,
  gaussianLogDelta,
  laplace,
  noOp,
  nonPrivate,
  poissonSampled,
  pureEpsilon,
  repeated,
} from "./index.js";

const run = (q: number, sigma: number, steps: number): Event =>
  repeated(poissonSampled(q, gaussian(sigma)), steps);

const rate = fc.double({ min: 1e-3, max: 0.5, noNaN: true });
const noise = fc.double({ min: 0.7, max: 20, noNaN: true });
const length = fc.integer({ min: 1, max: 3000 });
const small = fc.integer({ min: 3, max: 9 }).map((power) => 10 ** -power);
/** Both bounds are off by at most this, so a comparison of two answers may be off by twice it. */
const off = (value: number): number => 1.5e-3 * value + 2e-5;

describe("epsilon", () => {
  // dp_accounting.pld, value_discretization_interval=1e-5: 2.3011654318056793; truth 2.3011644211615057.
  test("epsilon is never below the true epsilon and close to it", () => {
    const answer = epsilon(run(0.0625, 5, 2000), 1e-5);
    expect(answer.epsilon).toBeGreaterThanOrEqual(2.3011644211615057);
    expect(answer.epsilon).toBeLessThan(2.3011644211615057 * (1 + 1e-4));
    expect(answer.epsilonLower).toBeLessThanOrEqual(2.3011644211615057);
    expect(answer.epsilonLower).toBeGreaterThan(2.3011644211615057 * (1 - 1e-3));
    expect(answer.direction).toBe("remove");
    expect(answer.add.upper).toBeGreaterThanOrEqual(2.257083591456489);
  });

  test("the bounds hold at any precision asked for", () => {
    for (const relative of [1e-1, 1e-2, 1e-3, 1e-6]) {
      const answer = epsilon(run(0.0625, 5, 2000), 1e-5, { precision: { relative, absolute: relative } });
      expect(answer.epsilon).toBeGreaterThanOrEqual(2.3011644211615057);
      expect(answer.epsilonLower).toBeLessThanOrEqual(2.3011644211615057);
    }
  });

  test("is monotone in every argument", () => {
    fc.assert(
      fc.property(
        rate,
        noise,
        length,
        small,
        fc.double({ min: 1.05, max: 3, noNaN: true }),
        (q, sigma, steps, d, more) => {
          const base = epsilon(run(q, sigma, steps), d).epsilonLower;
          expect(epsilon(run(Math.min(1, q * more), sigma, steps), d).epsilon).toBeGreaterThanOrEqual(base);
          expect(epsilon(run(q, sigma / more, steps), d).epsilon).toBeGreaterThanOrEqual(base);
          expect(epsilon(run(q, sigma, Math.ceil(steps * more)), d).epsilon).toBeGreaterThanOrEqual(base);
          expect(epsilon(run(q, sigma, steps), d / more).epsilon).toBeGreaterThanOrEqual(base);
        },
      ),
      { numRuns: 12 },
    );
  });

  test("is additive in composition: the same releases in any grouping give one answer", () => {
    const whole = epsilon(run(0.02, 1, 1000), 1e-5);
    const halves = epsilon(composed([run(0.02, 1, 500), composed([noOp, run(0.02, 1, 500)])]), 1e-5);
    const nested = epsilon(repeated(run(0.02, 1, 10), 100), 1e-5);
    expect(halves).toEqual(whole);
    expect(nested).toEqual(whole);
  });

  test("phases in any order, and split unequally, agree within the bounds", () => {
    const phases = [run(0.05, 2, 100), run(0.02, 1.2, 1000), run(0.01, 1, 500)];
    const one = epsilon(composed(phases), 1e-6);
    const other = epsilon(composed([...phases].reverse()), 1e-6);
    expect(Math.abs(one.epsilon - other.epsilon)).toBeLessThan(off(one.epsilon));
  });

  test("is at most the sum of the parts' epsilons at split deltas", () => {
    const parts = [run(0.05, 2, 100), run(0.1, 3, 50)];
    const sum = parts.reduce((total, part) => total + epsilon(part, 5e-7).epsilon, 0);
    expect(epsilon(composed(parts), 1e-6).epsilonLower).toBeLessThan(sum);
  });

  test("is consistent both ways: epsilon at delta, delta at epsilon", () => {
    fc.assert(
      fc.property(rate, noise, length, small, (q, sigma, steps, d) => {
        const event = run(q, sigma, steps);
        const { epsilon: upper, epsilonLower: lower } = epsilon(event, d);
        if (upper === 0) return;
        const there = delta(event, upper);
        expect(there.deltaLower).toBeLessThanOrEqual(d);
        const back = epsilon(event, Math.min(1, there.delta));
        expect(Math.abs(back.epsilon - upper)).toBeLessThan(2 * off(upper));
        if (lower > 0) expect(delta(event, lower).delta).toBeGreaterThanOrEqual(d);
      }),
      { numRuns: 12 },
    );
  });

  test("subsampling at rate 1 equals none, and at rate 0 releases nothing", () => {
    expect(epsilon(poissonSampled(1, gaussian(2)), 1e-5)).toEqual(epsilon(gaussian(2), 1e-5));
    expect(epsilon(poissonSampled(1, laplace(2)), 1e-5)).toEqual(epsilon(laplace(2), 1e-5));
    expect(epsilon(poissonSampled(0, gaussian(1e-3)), 1e-5).epsilon).toBe(0);
  });

  test("sampling twice multiplies the rates", () => {
    const twice = epsilon(repeated(poissonSampled(0.5, poissonSampled(0.125, gaussian(2))), 10), 1e-5);
    expect(twice).toEqual(epsilon(run(0.0625, 2, 10), 1e-5));
  });

  test("unsampled Gaussian noise composes in closed form, and the grid agrees with the form", () => {
    const closed = epsilon(repeated(gaussian(8), 10_000), 1e-5);
    expect(closed.epsilon).toBeCloseTo(130.57670623911548, 9);
    // A hair of sampling forces the numeric path.
    const numeric = epsilon(
      composed([repeated(gaussian(8), 10_000), poissonSampled(1e-9, gaussian(100))]),
      1e-5,
    );
    expect(numeric.epsilon).toBeGreaterThanOrEqual(closed.epsilonLower);
    expect(numeric.epsilon).toBeLessThan(closed.epsilon * (1 + 1e-4));
    expect(numeric.epsilonLower).toBeLessThanOrEqual(closed.epsilon);
  });

  test("an event it does not know is refused, at any depth", () => {
    const unknown = composed([repeated(poissonSampled(0.1, { kind: "mystery" } as never), 3)]);
    expect(() => epsilon(unknown, 1e-5)).toThrow(/mystery/);
    expect(() => delta(unknown, 1)).toThrow(/mystery/);
    expect(() => epsilon(poissonSampled(0.1, composed([gaussian(1), gaussian(1)])), 1e-5)).toThrow(
      expect.objectContaining({ code: "unsupported-event" }),
    );
  });

  test("an unprotected release has infinite epsilon, also in a composition", () => {
    expect(epsilon(composed([gaussian(5), nonPrivate]), 1e-5).epsilon).toBe(Infinity);
    expect(delta(nonPrivate, 3).delta).toBe(1);
    expect(epsilon(noOp, 1e-5).epsilon).toBe(0);
  });

  test("the curve falls as delta grows", () => {
    const points = curve(run(0.05, 2, 200));
    points.slice(1).forEach((point, i) => {
      expect(point.epsilon).toBeLessThanOrEqual(points[i]!.epsilon);
    });
  });
});

describe("pure epsilon", () => {
  test("Laplace noise: log(1 + q (e^(1/b) - 1)) a release, at delta 0", () => {
    const event = repeated(poissonSampled(0.0625, laplace(2)), 1000);
    const expected = 1000 * Math.log1p(0.0625 * Math.expm1(0.5));
    expect(pureEpsilon(event)).toBeCloseTo(expected, 9);
    const { epsilon: upper, epsilonLower: lower } = epsilon(event, 0);
    expect(upper).toBeGreaterThanOrEqual(expected);
    expect(lower).toBeLessThanOrEqual(expected);
  });

  test("Gaussian noise has none, and the error says so", () => {
    expect(pureEpsilon(gaussian(3))).toBe(Infinity);
    expect(() => epsilon(run(0.1, 3, 2), 0)).toThrow(expect.objectContaining({ code: "no-pure-epsilon" }));
  });

  test("epsilon at a tiny delta never exceeds the pure one", () => {
    expect(epsilon(repeated(laplace(10), 100), 1e-300).epsilon).toBeLessThanOrEqual(10 * (1 + 2e-14));
    expect(epsilon(repeated(discreteLaplace(3, 2), 5), 1e-300).epsilon).toBeLessThanOrEqual(
      (5 * 2) / 3 + 1e-9,
    );
  });
});

describe("discrete noise", () => {
  test("the discrete Laplace agrees with sums over the integers", () => {
    const [scale, sensitivity, e] = [2, 3, 0.7];
    let expected = 0;
    const mass = (y: number): number => Math.tanh(0.5 / scale) * Math.exp(-Math.abs(y) / scale);
    for (let y = -200; y <= 200; y += 1)
      expected += Math.max(0, mass(y - sensitivity) - Math.exp(e) * mass(y));
    const answer = delta(discreteLaplace(scale, sensitivity), e);
    expect(answer.delta).toBeGreaterThanOrEqual(expected);
    expect(answer.delta).toBeLessThan(expected * (1 + 1e-4));
    expect(answer.deltaLower).toBeLessThanOrEqual(expected * (1 + 1e-14));
  });

  test("the discrete Gaussian agrees with sums over the integers, sampled and not", () => {
    for (const [s, n, q, e] of [
      [3, 1, 1, 1],
      [2, 1, 0.0625, 0.2],
      [100, 64, 0.3, 1],
    ] as const) {
      let total = 0;
      let remove = 0;
      let add = 0;
      const weight = (y: number): number => Math.exp((-0.5 * y * y) / (s * s));
      for (let y = -60 * s; y <= 60 * s; y += 1) total += weight(y);
      for (let y = -60 * s; y <= 60 * s; y += 1) {
        const base = weight(y) / total;
        const mixed = (1 - q) * base + (q * weight(y - n)) / total;
        remove += Math.max(0, mixed - Math.exp(e) * base);
        add += Math.max(0, base - Math.exp(e) * mixed);
      }
      const expected = Math.max(remove, add);
      const answer = delta(poissonSampled(q, discreteGaussian(s, n)), e);
      expect(answer.delta).toBeGreaterThanOrEqual(expected * (1 - 1e-13));
      expect(answer.delta).toBeLessThan(expected * (1 + 1e-3));
      expect(answer.deltaLower).toBeLessThanOrEqual(expected * (1 + 1e-13));
    }
  });

  test("what the engine really spends: the lattice is in the event, and costs next to nothing at the demo's scale", () => {
    // 32 directions, one clip of 2^20 lattice units, 1,000 steps.
    const lattice = (k?: number): Event =>
      repeated(poissonSampled(0.0625, discreteGaussian(4 * 2 ** 20, 2 ** 20, k)), 1000);
    const ideal = epsilon(run(0.0625, 4, 1000), 1e-5);
    const real = epsilon(lattice(32), 1e-5);
    expect(real.epsilon).toBeGreaterThan(ideal.epsilon);
    expect(real.epsilon - ideal.epsilon).toBeLessThan(1e-6);
    expect(real.epsilonLower).toBeLessThanOrEqual(ideal.epsilon);
    expect(epsilon(lattice(), 1e-5).epsilon).toBeLessThanOrEqual(real.epsilon);
  });

  test("a K-direction vector under one clip equals one direction: K only enters the lattice's correction", () => {
    const at = (k: number, s: number): number =>
      epsilon(repeated(poissonSampled(0.0625, discreteGaussian(4 * s, s, k)), 1000), 1e-5).epsilon;
    const continuous = epsilon(run(0.0625, 4, 1000), 1e-5).epsilon;
    // Bins end on the lattice, so one lattice unit over the sensitivity is what the two can differ by.
    expect(Math.abs(at(1, 2 ** 24) - continuous)).toBeLessThan(2 ** -24);
    expect(Math.abs(at(1024, 2 ** 24) - continuous)).toBeLessThan(2 ** -24);
  });

  test("many dimensions on a coarse lattice stay on the safe side of the one-dimensional exact sum", () => {
    const exact = epsilon(repeated(poissonSampled(0.1, discreteGaussian(64, 32)), 10), 1e-5);
    const bound = epsilon(repeated(poissonSampled(0.1, discreteGaussian(64, 32, 2)), 10), 1e-5);
    expect(bound.epsilon).toBeGreaterThanOrEqual(exact.epsilonLower);
    expect(bound.epsilonLower).toBeLessThanOrEqual(exact.epsilon);
    expect(bound.epsilon).toBeLessThan(exact.epsilon * 1.02);
  });

  test("more integers than can be summed are refused", () => {
    expect(() => epsilon(discreteLaplace(1e7, 1e8), 1e-5)).toThrow(
      expect.objectContaining({ code: "too-large" }),
    );
  });
});

describe("absurd arguments get an answer on the safe side or a clear error", () => {
  const deltas = [0.5, 1e-5, 1e-300];
  test.each([
    ["q = 0", run(0, 1, 100)],
    ["q = 1e-12", run(1e-12, 1, 1000)],
    ["sigma = 1e-3", run(0.01, 1e-3, 1000)],
    ["sigma = 1e6", run(0.01, 1e6, 1000)],
    ["T = 1e7", run(0.001, 1, 1e7)],
    ["T = 1e9", run(1e-6, 50, 1e9)],
    ["q near 1", run(1 - 1e-12, 3, 10)],
    ["everything tiny", run(1e-12, 1e6, 1)],
    ["Laplace, tiny scale", repeated(poissonSampled(0.01, laplace(1e-3)), 1000)],
    ["Laplace, huge scale", repeated(poissonSampled(0.01, laplace(1e6)), 1000)],
  ])("%s", (_, event) => {
    let before = 0;
    for (const d of deltas) {
      const answer = epsilon(event, d);
      expect(answer.epsilon).toBeGreaterThanOrEqual(0);
      expect(answer.epsilonLower).toBeGreaterThanOrEqual(0);
      expect(answer.epsilonLower).toBeLessThanOrEqual(answer.epsilon);
      expect(answer.epsilon).toBeGreaterThanOrEqual(before * 0.999);
      before = answer.epsilonLower;
    }
    for (const e of [0, 1, 1e4]) {
      const answer = delta(event, e);
      expect(answer.delta).toBeGreaterThanOrEqual(answer.deltaLower);
      expect(answer.delta).toBeLessThanOrEqual(1);
    }
  });

  test.each([
    ["sigma = 1e-9", run(0.01, 1e-9, 10), 10 / 2e-18],
    ["Laplace scale = 1e-9", repeated(poissonSampled(0.01, laplace(1e-9)), 10), 0],
    ["discrete Gaussian, S = 0.1", repeated(poissonSampled(0.01, discreteGaussian(0.1, 1)), 100), 0],
  ])("%s is answered on the safe side, however little that guarantees", (_, event, atLeast) => {
    const answer = epsilon(event, 1e-5);
    expect(answer.epsilon).toBeGreaterThan(atLeast);
    expect(answer.epsilonLower).toBeLessThanOrEqual(answer.epsilon);
    expect(answer.epsilonLower).toBeGreaterThanOrEqual(0);
  });

  test.each([NaN, -1, 1.1, Infinity, "1e-5", undefined, null])("delta = %s is refused", (d) => {
    expect(() => epsilon(gaussian(1), d as never)).toThrow(AccountingError);
  });

  test.each([NaN, -1, Infinity, "1", undefined])("epsilon = %s is refused", (e) => {
    expect(() => delta(gaussian(1), e as never)).toThrow(AccountingError);
  });
});

describe("calibration", () => {
  test("the returned value reaches the target, and one a millionth smaller does not", () => {
    const target = { epsilon: 2, delta: 1e-5 };
    const value = calibrateNoiseMultiplier({ ...target, samplingRate: 0.0625, steps: 1000 });
    expect(delta(run(0.0625, value, 1000), 2, { nearDelta: 1e-5 }).deltaLower).toBeLessThanOrEqual(1e-5);
    expect(epsilon(run(0.0625, value, 1000), 1e-5).epsilonLower).toBeLessThanOrEqual(2);
    expect(value).toBeGreaterThanOrEqual(4.050275006603602);
    expect(value).toBeLessThan(4.050275006603602 * (1 + 1e-4));
  });

  test("several phases, with noise in proportion", () => {
    const value = calibrateNoiseMultiplier({
      epsilon: 3,
      delta: 1e-6,
      phases: [
        { samplingRate: 0.02, steps: 500 },
        { samplingRate: 0.04, steps: 500, relativeNoise: 1.5 },
      ],
    });
    const event = composed([run(0.02, value, 500), run(0.04, 1.5 * value, 500)]);
    const answer = epsilon(event, 1e-6);
    expect(answer.epsilonLower).toBeLessThanOrEqual(3);
    expect(answer.epsilon).toBeGreaterThan(3 * (1 - 1e-3));
  });

  test("an integer standard deviation on the lattice is the least that reaches the target", () => {
    const make = (s: number): Event => repeated(poissonSampled(0.05, discreteGaussian(s, 64)), 100);
    const s = calibrate(make, { epsilon: 2, delta: 1e-5 }, { integer: true, guess: 100 });
    expect(Number.isInteger(s)).toBe(true);
    expect(epsilon(make(s), 1e-5).epsilonLower).toBeLessThanOrEqual(2);
    expect(epsilon(make(s - 1), 1e-5).epsilon).toBeGreaterThan(2);
  });

  test("steps and sampling rate, where less is more private", () => {
    const target = { epsilon: 2, delta: 1e-5 };
    const steps = calibrate((t) => run(0.0625, 5, t), target, {
      integer: true,
      privacy: "decreasing",
      guess: 100,
    });
    expect(epsilon(run(0.0625, 5, steps), 1e-5).epsilonLower).toBeLessThanOrEqual(2);
    expect(epsilon(run(0.0625, 5, steps + 2), 1e-5).epsilon).toBeGreaterThan(2 * (1 - 1e-3));
    const q = calibrate((x) => run(x, 5, 2000), target, { privacy: "decreasing", guess: 0.01, maximum: 1 });
    const answer = epsilon(run(q, 5, 2000), 1e-5);
    expect(answer.epsilonLower).toBeLessThanOrEqual(2);
    expect(answer.epsilon).toBeGreaterThan(2 * (1 - 1e-3));
  });

  test("a target no noise reaches, and targets that make no sense, are refused", () => {
    const hopeless = { epsilon: 1e-9, delta: 1e-300, samplingRate: 1, steps: 1e7 };
    expect(() => calibrateNoiseMultiplier(hopeless)).toThrow(
      expect.objectContaining({ code: "unreachable-target" }),
    );
    for (const target of [
      { epsilon: NaN, delta: 1e-5 },
      { epsilon: -1, delta: 1e-5 },
      { epsilon: 1, delta: 0 },
    ]) {
      expect(() => calibrateNoiseMultiplier({ ...target, samplingRate: 0.1, steps: 10 })).toThrow(
        AccountingError,
      );
    }
  });
});

describe("the Gaussian in closed form", () => {
  test("is what a sum of two tail probabilities says, where that does not cancel", () => {
    // delta(1) at sensitivity over sigma 1: 0.1269367375066439458 (mpmath, 20 digits).
    expect(Math.exp(gaussianLogDelta(1, 1))).toBeCloseTo(0.126936737506644, 14);
    expect(Math.exp(gaussianLogDelta(0, 1))).toBeCloseTo(0.38292492254802624, 14);
  });
});
