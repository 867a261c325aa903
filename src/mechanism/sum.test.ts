import { expect, test } from "vitest";
import { sumOnLattice } from "./sum.js";

const spec = { directions: 8, clipThreshold: 1.5, latticeSensitivity: 2 ** 20 };

test("It is exact: every partial sum is an integer within 2^52.", () => {
  const examples = Array.from({ length: 10_000 }, (_, i) =>
    Float64Array.from({ length: 8 }, (_unused, k) => Math.sin(i * 8 + k) * 10 ** ((i % 600) - 300)),
  );
  const exact = new Array<bigint>(8).fill(0n);
  for (const example of examples) {
    sumOnLattice([example], spec).forEach((value, k) => (exact[k]! += BigInt(value)));
  }
  expect(Array.from(sumOnLattice(examples, spec), BigInt)).toEqual(exact);
  expect(sumOnLattice(examples.toReversed(), spec)).toEqual(sumOnLattice(examples, spec));
});

test("If reading the batch throws, what was summed is set to zero and the error goes through.", () => {
  // The vector itself is not the mechanism's to wipe; the iterable's own error must come out unchanged.
  const problem = new Error("from the iterable");
  function* failing(): Generator<Float64Array> {
    yield new Float64Array(8).fill(1);
    throw problem;
  }
  let caught: unknown;
  try {
    sumOnLattice(failing(), spec);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBe(problem);
});

test("a batch beyond what sums are exact for is refused without its size", () => {
  const coarse = { directions: 1, clipThreshold: 1, latticeSensitivity: 2 ** 51 };
  const zeros = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(1));
  expect(sumOnLattice(zeros(2), coarse)).toEqual(Float64Array.of(0));
  expect(() => sumOnLattice(zeros(7), coarse)).toThrow(
    expect.objectContaining({ code: "too-many-records", value: undefined }),
  );
  expect(() => sumOnLattice(zeros(7), coarse)).not.toThrow(/7|6|5/);
});

test("an iterable may hand out the same buffer again and again", () => {
  const buffer = new Float64Array(8);
  function* reusing(): Generator<Float64Array> {
    for (const value of [0.1, 0.2]) yield buffer.fill(value);
  }
  const fresh = [new Float64Array(8).fill(0.1), new Float64Array(8).fill(0.2)];
  expect(sumOnLattice(reusing(), spec)).toEqual(sumOnLattice(fresh, spec));
});
