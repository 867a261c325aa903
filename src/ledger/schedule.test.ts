import { expect, test } from "vitest";
import { mostSteps } from "./bounds.js";
import { checkSchedule, placeOfStep, plannedSteps } from "./schedule.js";
import { mostValues } from "./bounds.js";
import { mostDirections } from "../mechanism/index.js";

const schedule = {
  stages: [
    { steps: 2, valueCount: 4 },
    { steps: 0, valueCount: 1 },
    { steps: 3, valueCount: 8 },
  ],
};

test("steps are counted from 1 through the stages, empty stages are passed over", () => {
  expect(plannedSteps(schedule)).toBe(5);
  const stages = [1, 2, 3, 4, 5, 6].map((step) => placeOfStep(schedule, step)?.stage);
  expect(stages).toEqual([0, 0, 2, 2, 2, undefined]);
  expect(placeOfStep(schedule, 3)).toEqual({ stage: 2, valueCount: 8 });
});

test("a schedule out of bounds is refused", () => {
  const stage = { steps: 1, valueCount: 1 };
  for (const stages of [
    [],
    new Array<typeof stage>(1001).fill(stage),
    [{ ...stage, steps: -1 }],
    [{ ...stage, steps: 1.5 }],
    [{ ...stage, valueCount: 0 }],
    [{ ...stage, valueCount: 4097 }],
    [{ ...stage, steps: mostSteps }, stage],
    [{ steps: mostSteps, valueCount: 4096 }],
  ]) {
    expect(() => {
      checkSchedule({ stages });
    }).toThrow(expect.objectContaining({ code: "bad-schedule" }));
  }
});

test("the longest run of the papers fits: 100,000 steps of 512 directions", () => {
  expect(() => {
    checkSchedule({ stages: [{ steps: 100_000, valueCount: 512 }] });
  }).not.toThrow();
});

test("a ledger's line holds as many values as the mechanism has directions", () => {
  expect(mostValues).toBe(mostDirections);
});
