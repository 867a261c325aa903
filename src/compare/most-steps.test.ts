import { expect, test } from "vitest";

import { mostSteps } from "./most-steps.js";

test("what is asked for where it is within, the most that is where it is not", () => {
  expect(mostSteps(100, () => true)).toBe(100);
  for (const limit of [1, 7, 40, 99, 5000, 19_999]) {
    expect(mostSteps(20_000, (steps) => steps <= limit)).toBe(limit);
  }
  expect(mostSteps(20_000, () => false)).toBeUndefined();
});

test("a schedule that costs more when it is shorter is not taken for the short one", () => {
  // Within up to 40, then too short to keep what is frozen, then within again from 220 to 326.
  const isWithin = (steps: number): boolean => steps <= 40 || (steps >= 220 && steps <= 326);
  expect(mostSteps(400, isWithin)).toBe(326);
});
