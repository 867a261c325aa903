import { describe, expect, test } from "vitest";

import {
  calibrateNoiseMultiplier,
  composed,
  delta,
  discreteGaussian,
  discreteLaplace,
  epsilon,
  type Event,
  gaussian,
  groupEpsilon,
  laplace,
  poissonSampled,
  repeated,
} from "./index.js";
import { spend, within, workOf } from "./work.js";

const run = (q: number, noise: Event, steps: number): Event => repeated(poissonSampled(q, noise), steps);
const phases = (count: number): Event =>
  composed(Array.from({ length: count }, (_, i) => run(0.01 * (1 + i / count), gaussian(1 + i / count), 10)));

/** More than a direction needs at the end of its budget. */
const most = 2.2e8;

describe("an answer takes at most so much work, and is on the safe side", () => {
  test.each<[string, Event, number]>([
    ["discrete Gaussian at rate 1e-5", run(1e-5, discreteGaussian(1000, 1000), 1000), 1e-5],
    ["Laplace noise of 1e30", run(0.01, laplace(1e30), 1000), 1e-5],
    ["a thousand phases", phases(1000), 1e-5],
    ["a discrete Laplace of a million integers", run(0.01, discreteLaplace(1e6, 1e6), 100), 1e-5],
    ["a tiny rate", run(1e-5, gaussian(0.7), 1e6), 1e-9],
    ["a tiny delta", run(0.01, gaussian(1), 1000), 1e-200],
    ["a large delta", run(0.01, gaussian(1), 1000), 0.3],
    ["a denormal rate", run(5e-324, laplace(1e-200), 3), 1e-8],
    ["noise of 1e300", run(0.5, gaussian(1e300), 1e9), 1e-8],
  ])("%s", (_, event, at) => {
    let answer: ReturnType<typeof epsilon> | undefined;
    expect(workOf(() => (answer = epsilon(event, at)))).toBeLessThan(most);
    expect(answer!.epsilonLower).toBeLessThanOrEqual(answer!.epsilon);
    const gap = answer!.epsilon - answer!.epsilonLower;
    expect(answer!.coarse).toBe(gap > Math.max(1e-3 * answer!.epsilon, 1e-5));
    expect(workOf(() => delta(event, 1))).toBeLessThan(most);
  });

  test("groups of a thousand and of a million", () => {
    for (const records of [1000, 1e6]) {
      expect(workOf(() => groupEpsilon(run(0.01, gaussian(4), 1000), 1e-5, records))).toBeLessThan(most);
    }
  });

  test("a calibration over a hundred phases", () => {
    const question = {
      epsilon: 4,
      delta: 1e-6,
      phases: Array.from({ length: 100 }, (_, i) => ({ samplingRate: 0.01 + i * 1e-4, steps: 20 })),
    };
    let found = 0;
    expect(workOf(() => (found = calibrateNoiseMultiplier(question)))).toBeLessThan(6e8);
    const event = composed(
      question.phases.map(({ samplingRate, steps }) => run(samplingRate, gaussian(found), steps)),
    );
    expect(epsilon(event, 1e-6).epsilon).toBeLessThanOrEqual(4);
  });
});

test("many phases cost between what the narrowest and the widest would", () => {
  const answer = epsilon(phases(200), 1e-5);
  expect(answer.epsilon).toBeGreaterThan(epsilon(run(0.01, gaussian(2), 2000), 1e-5).epsilonLower);
  expect(answer.epsilon).toBeLessThan(epsilon(run(0.02, gaussian(1), 2000), 1e-5).epsilon);
  expect(answer.epsilonLower).toBeGreaterThan(0);
});

test("limits nest, and what an inner one used counts for the outer", () => {
  expect(
    within(10, () =>
      within(100, () => {
        spend(50);
      }),
    ),
  ).toBeUndefined();
  expect(
    within(100, () => {
      within(60, () => {
        spend(50);
      });
      spend(60);
    }),
  ).toBeUndefined();
  expect(
    workOf(() =>
      within(60, () => {
        spend(50);
      }),
    ),
  ).toBe(50);
});
