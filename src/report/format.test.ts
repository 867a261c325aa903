import fc from "fast-check";
import { expect, test } from "vitest";

import { formatCount, formatExact, formatNumber, formatPercent, pixels } from "./format.js";

test("numbers are written as people write them", () => {
  expect(formatNumber(0)).toBe("0");
  expect(formatNumber(4772)).toBe("4,772");
  expect(formatNumber(4294967296)).toBe("4,294,967,296");
  expect(formatNumber(-1234.4)).toBe("−1,234");
  expect(formatNumber(-1234.4, { digits: 5 })).toBe("−1,234.4");
  expect(formatNumber(0.1 + 0.2)).toBe("0.3");
  expect(formatNumber(10 ** -2.5, { digits: 6 })).toBe("0.00316228");
  expect(formatNumber(2.5 * 10 ** 20)).toBe("2.5e20");
  expect(formatNumber(1.5e-9)).toBe("1.5e-9");
  expect(formatNumber(3.5, { padded: true })).toBe("3.500");
  expect(formatNumber(4, { padded: true })).toBe("4.000");
  expect(formatNumber(99.999)).toBe("100");
  expect(formatNumber(Infinity)).toBe("∞");
  expect(formatNumber(NaN)).toBe("undefined");
  expect(formatExact(1e-5)).toBe("0.00001");
  expect(formatExact(1e-7)).toBe("1e-7");
  expect(formatPercent(0.9094)).toBe("90.9\u00a0%");
  expect(formatCount(1, "step")).toBe("1 step");
  expect(formatCount(0, "step")).toBe("0 steps");
  expect(pixels(1.23456)).toBe("1.23");
});

test("rounded up, an epsilon is never written smaller than it is", () => {
  expect(formatNumber(3.99951, { rounding: "up", padded: true })).toBe("4.000");
  expect(formatNumber(3.99901, { rounding: "up", padded: true })).toBe("4.000");
  expect(formatNumber(3.9981, { rounding: "up", padded: true })).toBe("3.999");
  expect(formatNumber(3.9989, { rounding: "down", padded: true })).toBe("3.998");
  expect(formatNumber(1e-9, { rounding: "up", digits: 2 })).toBe("1e-9");
});

const written = (text: string): number => Number(text.replace("−", "-").replaceAll(",", ""));

test("property: up is never below, down never above, and both within one unit of the last digit", () => {
  const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(positive, fc.integer({ min: 1, max: 8 }), fc.boolean(), (value, digits, padded) => {
      const up = written(formatNumber(value, { rounding: "up", digits, padded }));
      const down = written(formatNumber(value, { rounding: "down", digits, padded }));
      expect(up).toBeGreaterThanOrEqual(value);
      expect(down).toBeLessThanOrEqual(value);
      expect(up - down).toBeLessThanOrEqual(2.001 * 10 ** (Math.floor(Math.log10(value)) - digits + 2));
    }),
  );
});
