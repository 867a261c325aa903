import fc from "fast-check";
import { expect, test } from "vitest";

import { dpZoso, type DpZosoSettings, stageOfStep, totalSteps } from "./stages.js";

const settings: DpZosoSettings = {
  steps: 700,
  stages: 3,
  learningRate: 0.1,
  smoothing: [1e-2, 1e-4],
  directions: 32,
  clipThreshold: 60,
  proximal: 0.5,
  train: ["head"],
};

test("each stage halves the learning rate and doubles the length", () => {
  const stages = dpZoso(settings);
  expect(stages.map(({ steps }) => steps)).toEqual([100, 200, 400]);
  expect(stages.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.05, 0.025]);
});

test("D6: the ZO scale moves geometrically and hits both ends, falling or rising", () => {
  const falling = dpZoso(settings).map(({ smoothing }) => smoothing);
  expect(falling[0]).toBe(1e-2);
  expect(falling[1]).toBeCloseTo(1e-3, 12);
  expect(falling[2]).toBe(1e-4);
  const rising = dpZoso({ ...settings, smoothing: [1e-6, 1e-4] }).map(({ smoothing }) => smoothing);
  expect(rising[0]).toBe(1e-6);
  expect(rising[1]).toBeCloseTo(1e-5, 12);
  expect(rising[2]).toBe(1e-4);
});

test("D18: the stages hold exactly the steps that are accounted for, whatever divides", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 5000 }), (count, extra) => {
      const steps = 2 ** count - 1 + extra;
      const stages = dpZoso({ ...settings, steps, stages: count });
      expect(totalSteps(stages)).toBe(steps);
      expect(stageOfStep(stages, steps)).toBe(count - 1);
      expect(stageOfStep(stages, steps + 1)).toBeUndefined();
      expect(stageOfStep(stages, 0)).toBeUndefined();
    }),
  );
});

test("step numbers fall into stages at the boundary exactly", () => {
  const stages = dpZoso(settings);
  expect([1, 100, 101, 300, 301, 700].map((step) => stageOfStep(stages, step))).toEqual([0, 0, 1, 1, 2, 2]);
});

test("what is trained may differ by stage", () => {
  const stages = dpZoso({ ...settings, train: ["head", "last:1", "last:2"] });
  expect(stages.map(({ train }) => train)).toEqual(["head", "last:1", "last:2"]);
  expect(() => dpZoso({ ...settings, train: ["head", "last:1"] })).toThrow(/2 selections .* 3 stages/u);
});

test("too few steps for the stages are refused with the figures", () => {
  expect(() => dpZoso({ ...settings, steps: 6 })).toThrow(/6 steps cannot be split into 3 stages/u);
});
