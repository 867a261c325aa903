import { expect, test } from "vitest";
import { classificationMetrics } from "./metrics.js";

// sklearn.metrics.precision_recall_fscore_support([0,0,0,1,1,2], [0,0,1,1,2,2], average=None):
// precision 1, 1/2, 1/2; recall 2/3, 1/2, 1; f1 0.8, 0.5, 2/3
test("agrees with scikit-learn on a small example", () => {
  const metrics = classificationMetrics([0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 2], 3);
  expect(metrics.accuracy).toBeCloseTo(4 / 6, 15);
  expect(metrics.classes.map(({ precision }) => precision)).toEqual([1, 0.5, 0.5]);
  expect(metrics.classes.map(({ recall }) => recall)).toEqual([2 / 3, 0.5, 1]);
  expect(metrics.macroF1).toBeCloseTo((0.8 + 0.5 + 2 / 3) / 3, 15);
  expect(metrics.confusion).toEqual([
    [2, 1, 0],
    [0, 1, 1],
    [0, 0, 1],
  ]);
  expect(metrics.largerClass).toBe(0.5);
  expect(metrics.count).toBe(6);
});

test("always answering the larger class has its accuracy and a low macro-F1", () => {
  const metrics = classificationMetrics([0, 0, 0, 0], [0, 0, 0, 1], 2);
  expect([metrics.accuracy, metrics.largerClass]).toEqual([0.75, 0.75]);
  expect(metrics.macroF1).toBeCloseTo((2 * 0.75) / 1.75 / 2, 15);
});

test("a class nobody named is left out of macro-F1", () => {
  expect(classificationMetrics([0, 1], [0, 1], 3).macroF1).toBe(1);
});

test("nothing to evaluate, lists that differ and labels out of range are refused", () => {
  expect(() => classificationMetrics([], [], 2)).toThrow(expect.objectContaining({ code: "no-predictions" }));
  for (const [predicted, truth] of [
    [[0], [0, 1]],
    [[2], [0]],
    [[0], [-1]],
    [[0.5], [0]],
  ] as const) {
    expect(() => classificationMetrics(predicted, truth, 2)).toThrow(
      expect.objectContaining({ code: "invalid-label" }),
    );
  }
});
