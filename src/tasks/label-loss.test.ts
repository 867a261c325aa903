import fc from "fast-check";
import { expect, test } from "vitest";
import { indexOfLargest, labelLoss } from "./label-loss.js";

test("two equal logits cost ln 2", () => {
  expect(labelLoss(Float32Array.of(3, 3), 0)).toBe(Math.log(2));
});

test("agrees with the softmax, and the probabilities add to 1", () => {
  const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(logits, (values) => {
      const total = values.map((_, label) => Math.exp(-labelLoss(values, label))).reduce((a, b) => a + b, 0);
      expect(total).toBeCloseTo(1, 10);
    }),
  );
});

test("large logits do not overflow", () => {
  expect(labelLoss(Float32Array.of(3e38, -3e38), 1)).toBeCloseTo(Math.fround(3e38) * 2, -30);
  expect(labelLoss(Float32Array.of(1000, 0), 0)).toBe(0);
});

test("a logit that is not finite gives a loss that is not finite, not an error", () => {
  expect(labelLoss(Float32Array.of(Number.NaN, 0), 1)).toBeNaN();
  expect(labelLoss(Float32Array.of(Number.POSITIVE_INFINITY, 0), 1)).toBeNaN();
});

test("a label out of range is refused", () => {
  expect(() => labelLoss(Float32Array.of(1, 2), 2)).toThrow(
    expect.objectContaining({ code: "invalid-label" }),
  );
});

test("ties go to the lowest index, and NaN never wins over a number", () => {
  expect(indexOfLargest([1, 3, 3])).toBe(1);
  expect(indexOfLargest([Number.NaN, -5, Number.NaN])).toBe(1);
  expect(indexOfLargest([Number.NaN, Number.NaN])).toBe(0);
});
