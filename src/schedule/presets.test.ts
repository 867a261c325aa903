import { expect, test } from "vitest";

import { dpAggzo, dpZo, dpZopo, type DpZopoSettings, dpZero, mezo, perStage } from "./presets.js";
import { dpZoso } from "./stages.js";

const plain = { steps: 30, learningRate: 0.1, smoothing: 1e-2, clipThreshold: 7, proximal: 0, train: "head" };
const staged: DpZopoSettings = {
  steps: 70,
  stages: 3,
  learningRate: 0.1,
  smoothing: [1e-2, 1e-3],
  directions: 4,
  clipThreshold: 7,
  proximal: 0.5,
  train: ["head"],
  mask: { score: "small-magnitude", strategy: "dynamic", granularity: "weight", floor: 0.1, queries: 32 },
  maskRatio: [0.01, 0.02, 0.04],
};

test("DP-ZOPO is DP-ZOSO's schedule with a mask in each stage", () => {
  const stages = dpZopo(staged);
  expect(stages.map(({ mask }) => mask?.ratio)).toEqual([0.01, 0.02, 0.04]);
  const {
    steps,
    stages: count,
    learningRate,
    smoothing,
    directions,
    clipThreshold,
    proximal,
    train,
  } = staged;
  const zoso = dpZoso({
    steps,
    stages: count,
    learningRate,
    smoothing,
    directions,
    clipThreshold,
    proximal,
    train,
  });
  expect(stages.map((stage) => ({ ...stage, mask: undefined }))).toEqual(
    zoso.map((stage) => ({ ...stage, mask: undefined })),
  );
  expect(dpZopo({ ...staged, maskRatio: [0.3] }).map(({ mask }) => mask?.ratio)).toEqual([0.3, 0.3, 0.3]);
});

test("K = 1 of DP-AggZO is DPZero, which is DP-ZO's and MeZO's schedule; one stage of DP-ZOSO is DP-AggZO", () => {
  const one = dpZero(plain);
  expect(dpAggzo({ ...plain, directions: 1 })).toEqual(one);
  expect(dpZo(plain)).toEqual(one);
  expect(mezo(plain)).toEqual([{ ...one[0], clipThreshold: 1 }]);
  const { train, smoothing, ...rest } = plain;
  const zoso = dpZoso({
    ...rest,
    directions: 9,
    stages: 1,
    smoothing: [smoothing, smoothing],
    train: [train],
  });
  expect(dpAggzo({ ...plain, directions: 9 })).toEqual(zoso);
  expect(one).toHaveLength(1);
});

test("grow must not shrink, and rotate must not run out of weights", () => {
  const withRatios = (strategy: "grow" | "rotate", maskRatio: readonly number[]) =>
    dpZopo({ ...staged, mask: { ...staged.mask, strategy }, maskRatio });
  expect(withRatios("grow", [0.1, 0.1, 0.5])).toHaveLength(3);
  expect(() => withRatios("grow", [0.1, 0.5, 0.2])).toThrow(/do not fall/u);
  expect(withRatios("rotate", [0.5, 0.25, 0.25])).toHaveLength(3);
  expect(() => withRatios("rotate", [0.4])).toThrow(/at most 1/u);
});

test("values by stage are one for all or one for each; another number is refused with the figures", () => {
  const stages = dpZopo(staged);
  const set = (values: readonly number[]) =>
    perStage(stages, "clips", values, (stage, clipThreshold) => ({ ...stage, clipThreshold })).map(
      ({ clipThreshold }) => clipThreshold,
    );
  expect(set([5])).toEqual([5, 5, 5]);
  expect(set([5, 6, 7])).toEqual([5, 6, 7]);
  expect(() => set([5, 6])).toThrow(/2 clips for 3 stages/u);
  expect(() => set([])).toThrow(/0 clips for 3 stages/u);
});
