import { expect, test } from "vitest";
import { createMechanism, Release } from "./mechanism.js";
import { createNonPrivateMechanism } from "./non-private.js";

const spec = { directions: 2, clipThreshold: 2, latticeSensitivity: 1024, clips: false };

test("It is told from a private mechanism by `private: false`, in the mechanism and in what it returns.", () => {
  const mechanism = createNonPrivateMechanism(spec);
  const result = mechanism.release([Float64Array.of(1, 2)]);
  expect([mechanism.private, result.private]).toEqual([false, false]);
  expect(Object.isFrozen(result) && Object.isFrozen(result.values)).toBe(true);
  // @ts-expect-error a non-private mechanism is not accepted where a private one is asked for
  const wrong: ReturnType<typeof createMechanism> = mechanism;
  expect(wrong.private).toBe(false);
});

test("It never returns a `Release`.", () => {
  expect(Release.isRelease(createNonPrivateMechanism(spec).release([]))).toBe(false);
  // @ts-expect-error nor does the type allow it
  const wrong: Release = createNonPrivateMechanism(spec).release([]); // eslint-disable-line @typescript-eslint/no-unsafe-class-instance-assignment -- what the types must refuse
  expect(wrong.values).toEqual([0, 0]);
});

test("It draws no randomness.", () => {
  expect(createNonPrivateMechanism.length).toBe(1);
  const once = createNonPrivateMechanism(spec).release([Float64Array.of(0.1, 0.7)]).values;
  expect(createNonPrivateMechanism(spec).release([Float64Array.of(0.1, 0.7)]).values).toEqual(once);
});

test("without a clip the sum is the plain sum in lattice units; with one each example is bounded", () => {
  const examples = [Float64Array.of(20, 0), Float64Array.of(1, -2), Float64Array.of(NaN, Infinity)];
  expect(createNonPrivateMechanism(spec).release(examples).values).toEqual([21 * 512, -1024]);
  const clipped = createNonPrivateMechanism({ ...spec, clips: true }).release(examples).values;
  expect(clipped[0]).toBe(1024 + Math.trunc(1024 / Math.sqrt(5)));
  expect(clipped[1]).toBe(-Math.trunc(2048 / Math.sqrt(5)));
});

test("huge values saturate at the largest safe integer, and nothing is -0", () => {
  const huge = [Float64Array.of(1.7e308, -1.7e308), Float64Array.of(1.7e308, -1.7e308)];
  expect(createNonPrivateMechanism(spec).release(huge).values).toEqual([
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]);
  const small = createNonPrivateMechanism(spec).release([Float64Array.of(-1e-9, -0)]).values;
  expect(small.some((value) => Object.is(value, -0))).toBe(false);
});

test("a vector of another length is refused", () => {
  expect(() => createNonPrivateMechanism(spec).release([Float64Array.of(1)])).toThrow(
    expect.objectContaining({ code: "difference-length" }),
  );
});
