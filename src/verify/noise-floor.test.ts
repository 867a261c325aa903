import { describe, expect, test } from "vitest";

import { drawDiscreteGaussian, drawDiscreteLaplace } from "../mechanism/index.js";
import type { Plan } from "../plan/plan.js";
import { ByteSource } from "../sampling/index.js";
import { keystream } from "../../test/support/tiny-run.js";
import { checkNoise, logChanceOfSpread, type NoisyPlan } from "./noise-floor.js";
import { noiseTails } from "./noise-tails.js";

type Mechanism = Plan["mechanism"];
const latticeSensitivity = 2 ** 20;
const gaussian = (standardDeviation: number): Mechanism => ({
  kind: "discrete-gaussian",
  latticeSensitivity,
  standardDeviation,
});
const laplace = (scale: number): Mechanism => ({ kind: "discrete-laplace", latticeSensitivity, scale });
const planOf = (mechanism: Mechanism): NoisyPlan => ({ mechanism, privacy: { publicSize: 1000 } });

type Signal = (step: number, k: number, before: number) => number;

/** Draws as a mechanism of `mechanism`'s noise would, added to any signal. */
function ledger(mechanism: Mechanism, steps: number, k: number, signal: Signal, seed = 1) {
  const source = new ByteSource(keystream(seed));
  const draw = (): number =>
    Number(
      mechanism.kind === "discrete-gaussian"
        ? drawDiscreteGaussian(mechanism.standardDeviation, source)
        : drawDiscreteLaplace(mechanism.scale, source),
    );
  let before = 0;
  return Array.from({ length: steps }, (_, at) => ({
    step: at + 1,
    stage: 0,
    values: Array.from({ length: k }, (__, i) => (before = signal(at, i, before) + draw())),
  }));
}

const refused = expect.objectContaining({ code: "plan-mismatch" }) as Error;
const signals: [string, Signal][] = [
  ["nothing", () => 0],
  ["one large sum", () => 300 * latticeSensitivity],
  ["what undoes the noise before", (_, __, before) => Math.max(-(2 ** 29), Math.min(2 ** 29, -before))],
  ["what repeats the value before", (_, __, before) => Math.max(-(2 ** 29), Math.min(2 ** 29, before))],
  ["a line", (step) => 1000 * step],
  ["multiples of 2^20", (step, k) => (step - k) * 2 ** 20],
];

describe.each([gaussian(1), gaussian(7), gaussian(2 ** 22), laplace(1), laplace(9), laplace(2 ** 23)])(
  "honest noise %j",
  (mechanism) => {
    test.each(signals)("passes, whatever it is added to: %s", (_, signal) => {
      for (const [steps, k] of [
        [1, 1],
        [1, 64],
        [40, 1],
        [300, 20],
      ] as const) {
        const entries = ledger(mechanism, steps, k, signal);
        expect(() => {
          checkNoise(planOf(mechanism), entries);
        }).not.toThrow();
      }
    });
  },
);

describe.each([gaussian(2 ** 22), laplace(2 ** 22)])("what is not the noise of the plan %j", (mechanism) => {
  const plan = planOf(mechanism);
  const quieter = (factor: number): Mechanism =>
    mechanism.kind === "discrete-gaussian" ? gaussian(2 ** 22 * factor) : laplace(2 ** 22 * factor);
  const none: Signal = () => 0;

  test.each<[string, (step: number, k: number) => number]>([
    ["zeros", () => 0],
    ["one constant", () => 123_456_789],
    ["a constant a direction", (_, k) => k * 77_777_777],
    ["a ramp", (step, k) => step * 11_111_111 + k * 77],
    ["small integers", (step, k) => ((step * 7 + k) % 11) - 5],
    ["two values in turn", (step) => (step % 2) * 900_000_000],
    ["impossibly large values", (step, k) => 2 ** 50 + step * 99_999_999 * (k + 1)],
  ])("is refused: %s", (_, value) => {
    const entries = Array.from({ length: 30 }, (__, at) => ({
      step: at + 1,
      stage: 0,
      values: Array.from({ length: 4 }, (___, k) => value(at, k)),
    }));
    expect(() => {
      checkNoise(plan, entries);
    }).toThrow(refused);
  });

  test("is refused: noise an eighth, a half, seven eighths as strong, the sooner the weaker", () => {
    for (const [factor, steps] of [
      [0.125, 40],
      [0.5, 200],
      [0.875, 5000],
    ] as const) {
      expect(() => {
        checkNoise(plan, ledger(quieter(factor), steps, 1, none));
      }).toThrow(refused);
    }
  });

  test("is refused: weak noise around a large constant, a ramp, or the value before", () => {
    const around: Signal[] = [
      () => 2 ** 29,
      (step) => step * 2 ** 21,
      (_, __, before) => Math.min(2 ** 29, Math.max(-(2 ** 29), before)),
    ];
    for (const signal of around) {
      expect(() => {
        checkNoise(plan, ledger(quieter(0.125), 200, 1, signal));
      }).toThrow(refused);
    }
  });

  test("is refused: noise on a coarser grid, also off zero", () => {
    for (const offset of [0, 5]) {
      const entries = ledger(quieter(1 / 256), 60, 2, none).map((entry) => ({
        ...entry,
        values: entry.values.map((value) => value * 256 + offset),
      }));
      expect(() => {
        checkNoise(plan, entries);
      }).toThrow(refused);
    }
  });

  test("is refused: steps that were released twice with the same noise", () => {
    const entries = ledger(mechanism, 20, 4, none);
    const twice = entries.flatMap((entry) => [entry, entry]);
    expect(() => {
      checkNoise(plan, twice);
    }).toThrow(refused);
  });

  test("a single value says too little: 0 is not refused, as every fifteen-millionth one is", () => {
    expect(() => {
      checkNoise(plan, [{ step: 1, stage: 0, values: [0] }]);
    }).not.toThrow();
    expect(() => {
      checkNoise(plan, [{ step: 1, stage: 0, lost: true }]);
    }).not.toThrow();
    expect(() => {
      checkNoise(plan, []);
    }).not.toThrow();
  });
});

describe.each([gaussian(1), gaussian(2), laplace(1), laplace(2)])("the bound for %j", (mechanism) => {
  const tails = noiseTails(mechanism);
  const logWeight = (y: number): number =>
    mechanism.kind === "discrete-gaussian"
      ? (-0.5 * y * y) / mechanism.standardDeviation ** 2
      : -Math.abs(y) / mechanism.scale;
  const reach = Array.from({ length: 161 }, (_, i) => i - 80);
  const total = reach.reduce((sum, y) => sum + Math.exp(logWeight(y)), 0);
  const probability = (y: number): number => Math.exp(logWeight(y)) / total;

  test.each([0, 1, 3])("is above the exact chance of a small sum, with a signal of %d", (signal) => {
    const longest = 120;
    for (const count of [1, 2, 10, 40]) {
      let exact = new Float64Array(longest);
      exact[0] = 1;
      for (let i = 0; i < count; i += 1) {
        const next = new Float64Array(longest);
        for (const y of reach) {
          const cost = Math.abs(y + signal) ** tails.power;
          for (let at = 0; at + cost < longest; at += 1) next[at + cost]! += exact[at]! * probability(y);
        }
        exact = next;
      }
      let below = 0;
      for (let x = 0; x < longest; x += 1) {
        below += exact[x]!;
        if (below === 0) continue;
        expect(logChanceOfSpread(x, count, tails)).toBeGreaterThanOrEqual(Math.log(below) - 1e-9);
      }
      // And near it where nothing is left: all values 0.
      const none = count * tails.logPeak;
      expect(logChanceOfSpread(0, count, tails)).toBeCloseTo(none, 6);
    }
  });

  test("of a value, of a multiple of g and of a large value is the exact chance, or above it", () => {
    expect(tails.logPeak).toBeCloseTo(Math.log(probability(0)), 9);
    for (const g of [2, 3, 7]) {
      const of = (residue: number): number =>
        reach.filter((y) => (y - residue) % g === 0).reduce((sum, y) => sum + probability(y), 0);
      expect(tails.logDivisible(g)).toBeCloseTo(Math.log(of(0)), 9);
      for (let residue = 1; residue < g; residue += 1) expect(of(residue)).toBeLessThanOrEqual(of(0));
    }
    for (const log of [-1, -5, -20]) {
      const beyond = reach.filter((y) => Math.abs(y) > tails.reach(log));
      expect(beyond.reduce((sum, y) => sum + probability(y), 0)).toBeLessThanOrEqual(Math.exp(log));
    }
  });
});
