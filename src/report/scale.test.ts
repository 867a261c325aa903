import fc from "fast-check";
import { expect, test } from "vitest";

import { linearScale, niceTicks, paddedExtent } from "./scale.js";

test("ticks are round numbers", () => {
  expect(niceTicks([0, 500], 5, true)).toEqual([0, 100, 200, 300, 400, 500]);
  expect(niceTicks([0.5, 3.5], 8, true)).toEqual([1, 2, 3]);
  expect(niceTicks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(niceTicks([-0.3, 0.3], 5)).toEqual([-0.2, 0, 0.2]);
  expect(niceTicks([7, 7], 5)).toEqual([7]);
});

test("property: ticks lie within the domain, ascend evenly, and are not too many", () => {
  const bounds = fc.tuple(
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
  );
  fc.assert(
    fc.property(bounds, fc.integer({ min: 2, max: 10 }), ([low, width], about) => {
      const high = low + width;
      fc.pre(width > Math.abs(low) * 1e-6);
      const ticks = niceTicks([low, high], about);
      expect(ticks.length).toBeLessThanOrEqual(about + 2);
      for (const [index, tick] of ticks.entries()) {
        expect(tick).toBeGreaterThanOrEqual(low - width * 1e-6);
        expect(tick).toBeLessThanOrEqual(high + width * 1e-6);
        if (index > 0) expect(tick).toBeGreaterThan(ticks[index - 1]!);
      }
    }),
  );
});

test("a scale holds what is outside at its ends", () => {
  const scale = linearScale([0, 10], [100, 0]);
  expect([scale.at(0), scale.at(5), scale.at(10), scale.at(-5), scale.at(99)]).toEqual([100, 50, 0, 100, 0]);
  expect(linearScale([3, 3], [0, 1]).at(3)).toBe(0);
});

test("extents have a margin, also of nothing and of one value", () => {
  expect(paddedExtent([0, 10, NaN], 0.1)).toEqual([-1, 11]);
  expect(paddedExtent([], 0.1)).toEqual([0, 1]);
  expect(paddedExtent([2, 2], 0.1)).toEqual([0, 4]);
});
