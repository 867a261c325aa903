import { expect, test } from "vitest";

import type { LedgerEntry } from "../ledger/index.js";
import { histogramOf } from "./histogram.js";
import { type ReleasePlan, summariseReleases } from "./released.js";
import { groupSize, groupSteps } from "./thin.js";

// Synthetic releases, for tests only: a fixed linear congruential generator and Box-Muller.
function* syntheticGaussian(): Generator<number, never> {
  let state = 12345;
  const uniform = (): number => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return (state + 0.5) / 2 ** 32;
  };
  for (;;) yield Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const standardDeviation = 2 ** 21;

function planOf(
  ...stages: readonly (readonly [steps: number, directions: number, clip: number])[]
): ReleasePlan {
  return {
    mechanism: { kind: "discrete-gaussian", latticeSensitivity: 2 ** 20, standardDeviation },
    stages: stages.map(([steps, directions, clipThreshold]) => ({ steps, directions, clipThreshold })),
  };
}

function noiseEntries(plan: ReleasePlan, scale: number): LedgerEntry[] {
  const gaussian = syntheticGaussian();
  const entries: LedgerEntry[] = [];
  for (const [stage, { steps, directions }] of plan.stages.entries()) {
    for (let index = 0; index < steps; index += 1) {
      const values = Array.from({ length: directions }, () =>
        Math.round(gaussian.next().value * standardDeviation * scale),
      );
      entries.push({ step: entries.length + 1, stage, values });
    }
  }
  return entries;
}

test("one released value is put into real units by clip / N", () => {
  const { kind, steps } = summariseReleases(planOf([1, 1, 60]), [
    { step: 1, stage: 0, values: [-(2 ** 19)] },
  ]);
  expect(kind).toBe("value");
  expect(steps[0]).toEqual({ step: 1, stage: 0, value: -30, isOutside: false });
});

test("several released values become their root mean square in real units", () => {
  const entry = { step: 1, stage: 0, values: [3 * 2 ** 20, 4 * 2 ** 20] };
  const { kind, steps } = summariseReleases(planOf([1, 2, 10]), [entry]);
  expect(kind).toBe("rms");
  expect(steps[0]?.value).toBeCloseTo(10 * Math.sqrt(12.5), 10);
});

test("bands: 1.96 S c / N around 0 for one value, the chi-square's central 95 % for 32", () => {
  const one = summariseReleases(planOf([5, 1, 60]), []).stages[0]!.band;
  expect(one[1]).toBeCloseTo(1.959963984540054 * 2 * 60, 8);
  expect(one[0]).toBe(-one[1]);
  const many = summariseReleases(planOf([5, 32, 60]), []).stages[0]!.band;
  expect(many[0]).toBeCloseTo(120 * Math.sqrt(18.290764907283048 / 32), 8);
  expect(many[1]).toBeCloseTo(120 * Math.sqrt(49.48043774297169 / 32), 8);
});

test.each([1, 2, 32])(
  "pure noise of K = %i leaves the band in 5 %% of steps; noise of a wrong scale does not",
  (k) => {
    const plan = planOf([3000, k, 60], [3000, k, 15]);
    const share = (scale: number): number => {
      const { stages } = summariseReleases(plan, noiseEntries(plan, scale));
      return (stages[0]!.outside + stages[1]!.outside) / 6000;
    };
    // 5 % of 6,000 steps has standard deviation 0.28 %.
    expect(Math.abs(share(1) - 0.05)).toBeLessThan(0.012);
    expect(share(1.3)).toBeGreaterThan(0.08);
  },
);

test("per stage: released, lost, outside and the sum of squares are counted", () => {
  const values = [2 ** 21, 2 ** 21];
  const { stages, lostSteps } = summariseReleases(planOf([2, 2, 1], [3, 2, 1]), [
    { step: 1, stage: 0, values },
    { step: 2, stage: 0, lost: true },
    { step: 3, stage: 1, values: [2 ** 24, 0] },
  ]);
  expect(lostSteps).toEqual([2]);
  expect(stages[0]).toMatchObject({ first: 1, last: 2, released: 1, lost: 1, outside: 0, sumOfSquares: 2 });
  expect(stages[1]).toMatchObject({ first: 3, last: 5, released: 1, lost: 0, outside: 1, sumOfSquares: 64 });
});

test.each<readonly [string, LedgerEntry]>([
  ["a stage that is not there", { step: 1, stage: 7, values: [1] }],
  ["a step of another stage", { step: 9, stage: 0, values: [1] }],
  ["a wrong number of values", { step: 1, stage: 0, values: [1, 2] }],
])("entry-outside-plan: %s is refused", (_, entry) => {
  expect(() => summariseReleases(planOf([2, 1, 1]), [entry])).toThrow(
    expect.objectContaining({ code: "entry-outside-plan" }) as Error,
  );
});

test("the histogram counts every value once, beyond the edge in the outermost bins", () => {
  const values = [0, -0.1, 3.9, -50, 1000].map((z) => z * 2 ** 21);
  const histogram = histogramOf(
    [
      { step: 1, stage: 0, values },
      { step: 2, stage: 0, lost: true },
    ],
    2 ** 21,
  );
  expect(histogram).toMatchObject({ limit: 8, binWidth: 0.5, total: 5, beyond: 2 });
  expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  expect([histogram.counts[0], histogram.counts.at(-1)]).toEqual([1, 1]);
  expect(histogramOf([], 2 ** 21)).toMatchObject({ total: 0, beyond: 0, limit: 4 });
});

test("thinning keeps extremes and never joins two stages", () => {
  const steps = Array.from({ length: 10 }, (_, index) => ({
    step: index + 1,
    stage: index < 4 ? 0 : 1,
    value: index === 5 ? 99 : index,
    isOutside: false,
  }));
  const groups = groupSteps(steps, 3);
  expect(groups.map(({ firstStep, lastStep }) => [firstStep, lastStep])).toEqual([
    [1, 3],
    [4, 4],
    [5, 7],
    [8, 10],
  ]);
  expect(groups[2]).toMatchObject({ low: 4, high: 99, mean: (4 + 99 + 6) / 3 });
  expect([groupSize(1), groupSize(500), groupSize(501), groupSize(10_000)]).toEqual([1, 1, 2, 20]);
});
