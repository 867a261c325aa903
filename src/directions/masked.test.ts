import { expect, test } from "vitest";

import { createDirectionEngine, type DirectionEngine } from "./engine.js";
import { gatherKept, type KeptWeights, perturbKept, updateKept } from "./masked.js";
import type { DirectionStream, Distribution } from "./stream.js";

const length = 5000;
const weights = Float32Array.from({ length }, (_, i) => Math.sin(i));
const anchor = Float32Array.from({ length }, (_, i) => Math.cos(3 * i));
const every = Uint32Array.from({ length }, (_, i) => i);
const some = every.filter((i) => i % 37 === 5);
const bits = (values: Float32Array): string => Buffer.from(values.slice().buffer).toString("hex");

const distributions: readonly Distribution[] = ["gaussian", "rademacher", "sphere"];
function stream(distribution: Distribution, direction = 0): DirectionStream {
  const scale = distribution === "sphere" ? { scale: 1.25 } : {};
  return { runSeed: new Uint8Array(32).fill(3), step: 7, direction, tensor: "t", distribution, ...scale };
}
const along = (distribution: Distribution): DirectionStream[] =>
  [0, 1, 2].map((k) => stream(distribution, k));
const coefficients = Float32Array.of(0.3, -0.7, 0.011);

function perturbed(engine: DirectionEngine, kept: KeptWeights, distribution: Distribution): [string, string] {
  const [plus, minus] = [weights.slice(), weights.slice()];
  perturbKept(engine, weights, kept, stream(distribution), 0.013, plus, minus);
  return [bits(plus), bits(minus)];
}

function updated(
  engine: DirectionEngine,
  kept: KeptWeights,
  distribution: Distribution,
  pull: number,
): string {
  const moved = weights.slice();
  const anchors = gatherKept(anchor, kept.indices);
  updateKept(engine, moved, kept, anchors, along(distribution), coefficients, 0.17, pull);
  return bits(moved);
}

for (const prefer of ["wasm-simd", "javascript"] as const) {
  const engine = createDirectionEngine({ prefer });

  test(`${prefer}: with all indices it is the dense operation, bit for bit; a factor of 1 is as none`, () => {
    const ones = new Float32Array(length).fill(1);
    for (const distribution of distributions) {
      const [plus, minus] = [weights.slice(), weights.slice()];
      engine.perturb(weights, stream(distribution), 0.013, plus, minus);
      for (const kept of [{ indices: every }, { indices: every, factors: ones }]) {
        expect(perturbed(engine, kept, distribution)).toEqual([bits(plus), bits(minus)]);
        for (const pull of [0, 0.4]) {
          const dense = weights.slice();
          engine.update(dense, anchor, along(distribution), coefficients, 0.17, pull);
          expect(updated(engine, kept, distribution, pull)).toBe(bits(dense));
        }
      }
    }
  });

  test(`${prefer}: a weight's value is that of its position among the kept, so all but the last move as in the dense one`, () => {
    const allButOne = every.subarray(0, length - 1);
    for (const distribution of distributions) {
      const [plus, minus] = [weights.slice(), weights.slice()];
      engine.perturb(weights, stream(distribution), 0.013, plus, minus);
      const dense = weights.slice();
      engine.update(dense, anchor, along(distribution), coefficients, 0.17, 0.4);
      for (const values of [plus, minus, dense]) values[length - 1] = weights[length - 1]!;
      expect(perturbed(engine, { indices: allButOne }, distribution)).toEqual([bits(plus), bits(minus)]);
      expect(updated(engine, { indices: allButOne }, distribution, 0.4)).toBe(bits(dense));
    }
  });

  test(`D1, ${prefer}: a masked perturbation and a masked update move exactly the kept weights, and do move them`, () => {
    const [plus, minus] = [weights.slice(), weights.slice()];
    perturbKept(engine, weights, { indices: some }, stream("gaussian"), 0.1, plus, minus);
    const moved = weights.slice();
    updateKept(engine, moved, { indices: some }, undefined, along("gaussian"), coefficients, 1, 0);
    for (const values of [plus, minus, moved]) {
      const changed = every.filter((i) => values[i] !== weights[i]);
      expect([...changed]).toEqual([...some]);
    }
  });

  test(`D15, ${prefer}: factors are in the perturbation and in the update: both are along f z`, () => {
    const factors = Float32Array.from(some, (_, j) => 0.8 + (0.4 * j) / some.length);
    const kept = { indices: some, factors };
    const z = along("gaussian").map((one) => {
      const values = new Float32Array(some.length);
      engine.fill(one, values);
      return values;
    });
    const [plus, minus] = [weights.slice(), weights.slice()];
    perturbKept(engine, weights, kept, stream("gaussian"), 0.5, plus, minus);
    const moved = weights.slice();
    updateKept(engine, moved, kept, undefined, along("gaussian"), coefficients, 1, 0);
    some.forEach((index, j) => {
      const direction = factors[j]! * z[0]![j]!;
      expect((plus[index]! - minus[index]!) / (2 * 0.5)).toBeCloseTo(direction, 5);
      const sum = coefficients.reduce((total, c, k) => total + c * factors[j]! * z[k]![j]!, 0);
      expect(weights[index]! - moved[index]!).toBeCloseTo(sum, 5);
    });
  });
}

test("both twins agree on masks, factors and pulls", () => {
  const [fast, plain] = [createDirectionEngine(), createDirectionEngine({ prefer: "javascript" })];
  const factors = Float32Array.from(some, (_, j) => 1.2 - j / 999);
  for (const kept of [{ indices: some }, { indices: some, factors }]) {
    for (const distribution of distributions) {
      expect(perturbed(fast, kept, distribution)).toEqual(perturbed(plain, kept, distribution));
      for (const pull of [0, 0.3]) {
        expect(updated(fast, kept, distribution, pull)).toBe(updated(plain, kept, distribution, pull));
      }
    }
  }
});

test("a range of positions takes the same values as the whole, at an offset", () => {
  const engine = createDirectionEngine();
  const [whole] = perturbed(engine, { indices: some }, "gaussian");
  const [plus, minus] = [weights.slice(), weights.slice()];
  const [start, end] = [1000, 3000];
  const from = some.findIndex((i) => i >= start);
  const to = some.findIndex((i) => i >= end);
  const part = weights.subarray(start, end);
  const sides = [plus, minus].map((values) => values.subarray(start, end)) as [Float32Array, Float32Array];
  const kept = { indices: some };
  perturbKept(engine, part, kept, stream("gaussian"), 0.013, ...sides, [0 + from, to], start);
  perturbKept(engine, weights, kept, stream("gaussian"), 0.013, plus, minus, [0, from]);
  perturbKept(engine, weights, kept, stream("gaussian"), 0.013, plus, minus, [to, some.length]);
  expect(bits(plus)).toBe(whole);
});

test("a tensor of which nothing is kept stays as it is", () => {
  const moved = weights.slice();
  const none = { indices: new Uint32Array() };
  updateKept(
    createDirectionEngine(),
    moved,
    none,
    new Float32Array(),
    along("gaussian"),
    coefficients,
    1,
    0.5,
  );
  expect(bits(moved)).toBe(bits(weights));
});
