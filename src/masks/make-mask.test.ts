import fc from "fast-check";
import { expect, test } from "vitest";

import { createDirectionEngine } from "../directions/index.js";
import { describeModel } from "../model/registry.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { encoderNetwork } from "./encoder-network.js";
import { makeMask, type MaskInputs, maskSeed } from "./make-mask.js";
import { keptTensors, type Mask, maskDigest, maskSize, rangeOfIndices } from "./mask.js";
import type { MaskSpec } from "./spec.js";

const engine = createDirectionEngine();
const spec: MaskSpec = {
  score: "small-magnitude",
  strategy: "static",
  granularity: "weight",
  ratio: 0.25,
  floor: 0,
  queries: 8,
};
const weights = new Map([
  ["a", Float32Array.from([0, 5, -1, 3, -2, 0.5, 0, 9])],
  ["b", Float32Array.from([-0.25, 4, 0, 7])],
]);
const shapes = new Map([
  ["a", [4, 2]],
  ["b", [4]],
]);

function inputs(change: Partial<MaskSpec> = {}, more: Partial<MaskInputs> = {}): MaskInputs {
  return {
    spec: { ...spec, ...change },
    stage: 0,
    tensors: ["a", "b"],
    weights,
    shapes,
    engine,
    runSeed: "5a".repeat(32),
    earlier: [],
    ...more,
  };
}
const kept = (mask: Mask): Record<string, number[]> =>
  Object.fromEntries([...mask].map(([name, { indices }]) => [name, [...indices]]));

test("small magnitude keeps the smallest weights and never a zero before another; large keeps the largest", () => {
  expect(kept(makeMask(inputs()))).toEqual({ a: [2, 5], b: [0] });
  expect(kept(makeMask(inputs({ score: "large-magnitude" })))).toEqual({ a: [1, 7], b: [3] });
});

test("D11: dead weights, exact zeros, are kept by no score before every live weight is", () => {
  const dead = new Map([["a", Float32Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : i))]]);
  for (const score of ["small-magnitude", "large-magnitude"] as const) {
    const mask = makeMask(inputs({ score, ratio: 0.1 }, { tensors: ["a"], weights: dead }));
    expect(kept(mask)["a"]).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  }
});

test("At ratio 1 every weight is kept, zeros too.", () => {
  for (const score of ["small-magnitude", "large-magnitude", "random"] as const) {
    for (const granularity of ["weight", "row", "tensor"] as const) {
      expect(maskSize(makeMask(inputs({ score, granularity, ratio: 1 })))).toBe(12);
    }
  }
});

test("rows and tensors are kept as one, the last of them in part", () => {
  // Row means of |w| without zeros: 5, 2, 1.25, 9; the vector's weights are rows of their own.
  expect(kept(makeMask(inputs({ granularity: "row", ratio: 5 / 12 })))).toEqual({ a: [2, 3, 4, 5], b: [0] });
  expect(kept(makeMask(inputs({ granularity: "tensor", ratio: 9 / 12 })))).toEqual({
    a: [0, 1, 2, 3, 4, 5, 6, 7],
    b: [0],
  });
  expect(() => makeMask(inputs({ granularity: "row" }, { shapes: undefined }))).toThrow(
    expect.objectContaining({ code: "shape-missing", value: "a" }) as Error,
  );
});

test("A floor keeps every tensor from losing all it has.", () => {
  const skewed = new Map([
    ["a", Float32Array.from({ length: 100 }, (_, i) => 0.001 * (i + 1))],
    ["b", Float32Array.from({ length: 100 }, (_, i) => 10 + i)],
  ]);
  const count = (floor: number): number =>
    makeMask(inputs({ ratio: 0.1, floor }, { weights: skewed })).get("b")!.indices.length;
  expect([0, 0.25, 0.5, 1].map(count)).toEqual([0, 3, 5, 10]);
  expect(maskSize(makeMask(inputs({ ratio: 0.1, floor: 0.5 }, { weights: skewed })))).toBe(20);
});

test("property: round(ratio * weights) are kept, or what the floors add up to", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ratio, floor) => {
        const floors = [8, 4].reduce((sum, size) => sum + Math.ceil(floor * ratio * size), 0);
        const expected = Math.max(1, Math.round(ratio * 12), floors);
        expect(maskSize(makeMask(inputs({ ratio, floor })))).toBe(expected);
      },
    ),
  );
});

test("D14: static scores the base, dynamic the weights now, grow keeps what it had, rotate leaves what was trained", () => {
  const first = makeMask(inputs());
  const now = new Map([
    ["a", Float32Array.from([0, 0.01, -1, 3, -2, 8, 0, 9])],
    ["b", Float32Array.from([-6, 4, 0, 0.02])],
  ]);
  const second = (strategy: MaskSpec["strategy"], ratio = 0.25): Record<string, number[]> =>
    kept(makeMask(inputs({ strategy, ratio }, { stage: 1, weights: now, earlier: [first] })));
  expect(kept(makeMask(inputs({ strategy: "static" }, { stage: 1, earlier: [first] })))).toEqual(kept(first));
  expect(second("dynamic")).toEqual({ a: [1, 2], b: [3] });
  expect(second("grow", 5 / 12)).toEqual({ a: [1, 2, 5], b: [0, 3] });
  expect(second("rotate")).toEqual({ a: [1, 4], b: [3] });
  const third = makeMask(
    inputs(
      { strategy: "rotate", ratio: 1 },
      { stage: 2, earlier: [first, makeMask(inputs({ strategy: "rotate" }, { earlier: [first] }))] },
    ),
  );
  expect(maskSize(third)).toBe(12 - 6);
});

test("an exact zero is dead, and kept last, but where adapters start from zeros: there it is the smallest weight", () => {
  const weights = new Map([
    ["a", Float32Array.from([0, 1, 2, 0])],
    ["b", Float32Array.from([0, 0, 0, 3])],
  ]);
  const keptOf = (score: MaskSpec["score"], startingAtZero?: ReadonlySet<string>) =>
    kept(makeMask(inputs({ score, ratio: 3 / 8, floor: 0 }, { weights, startingAtZero })));
  expect(keptOf("small-magnitude")).toEqual({ a: [1, 2], b: [3] });
  expect(keptOf("small-magnitude", new Set(["b"]))).toEqual({ a: [], b: [0, 1, 2] });
  expect(keptOf("large-magnitude", new Set(["b"]))).toEqual({ a: [1, 2], b: [3] });
});

test("D15: rank factors fall from high, at the best, to low; they are the kept weights' own, by rank and not by place", () => {
  const mask = makeMask(inputs({ ratio: 1 / 3, rankWeights: { high: 1.2, low: 0.8 } }));
  // By |w|: b0 0.25, a5 0.5, a2 1, a4 2.
  expect(kept(mask)).toEqual({ a: [2, 4, 5], b: [0] });
  const factors = (name: string): number[] =>
    [...mask.get(name)!.factors!].map((f) => Math.round(f * 1000) / 1000);
  expect(factors("a")).toEqual([1, 0.9, 1.1]);
  expect(factors("b")).toEqual([1.2]);
});

test("random masks come from the run's public seed, share nothing with directions, and change by stage unless static", () => {
  const many = new Map([["a", new Float32Array(2000).fill(1)]]);
  const random = (change: Partial<MaskSpec>, more: Partial<MaskInputs> = {}): Mask =>
    makeMask(inputs({ score: "random", ratio: 0.1, ...change }, { tensors: ["a"], weights: many, ...more }));
  const digest = maskDigest(random({}));
  expect(maskDigest(random({}, { stage: 3 }))).toBe(digest);
  expect(maskDigest(random({ strategy: "dynamic" }, { stage: 3 }))).not.toBe(digest);
  expect(maskDigest(random({}, { runSeed: "5b".repeat(32) }))).not.toBe(digest);
  expect(maskSeed("5a".repeat(32))).not.toEqual(Uint8Array.from(Buffer.from("5a".repeat(32), "hex")));
  // A nested set at a larger ratio: the same scores.
  const wider = new Set(random({ ratio: 0.2 }).get("a")!.indices);
  expect([...random({}).get("a")!.indices].every((index) => wider.has(index))).toBe(true);
});

test("the digest tells masks apart by tensor, index and factor", () => {
  const one = (indices: number[], factors?: number[], name = "a"): string =>
    maskDigest(
      new Map([
        [
          name,
          { indices: Uint32Array.from(indices), ...(factors && { factors: Float32Array.from(factors) }) },
        ],
      ]),
    );
  const all = [
    one([1, 2]),
    one([1, 3]),
    one([1, 2], [1, 1]),
    one([1, 2], [1, 0.5]),
    one([1, 2], undefined, "b"),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(one([1, 2])).toBe(all[0]);
});

test("a range of indices is a range of positions", () => {
  const indices = Uint32Array.of(0, 3, 4, 9);
  expect([
    rangeOfIndices(indices, 0, 4),
    rangeOfIndices(indices, 4, 9),
    rangeOfIndices(indices, 10, 20),
  ]).toEqual([
    [0, 2],
    [2, 3],
    [4, 4],
  ]);
});

test("D13: SynFlow on an encoder feeds ones past the embeddings: tables, queries, keys and biases have no score", () => {
  const config = JSON.parse(new TextDecoder().decode(tinyModel().files.get("config.json"))) as Record<
    string,
    unknown
  >;
  const description = describeModel(config);
  const base = new Map(
    [...description.tensors].map(([name, shape]) => [
      name,
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, i) => 0.1 * Math.sin(i + name.length),
      ),
    ]),
  );
  const tensors = [...description.tensors.keys()];
  const network = encoderNetwork(description);
  for (const score of ["synflow", "synflow-estimate", "grasp-estimate"] as const) {
    const mask = makeMask(
      inputs({ score, ratio: 0.2 }, { tensors, weights: base, shapes: description.tensors, network }),
    );
    expect(maskSize(mask)).toBe(Math.round(0.2 * [...base.values()].reduce((sum, w) => sum + w.length, 0)));
    const touched = keptTensors(mask);
    expect(touched.length).toBeGreaterThan(3);
    expect(touched.filter((name) => /\.bias$|_embeddings\.|query|key/u.test(name))).toEqual([]);
  }
  expect(() => makeMask(inputs({ score: "synflow" }))).toThrow(
    expect.objectContaining({ code: "no-linear-network" }) as Error,
  );
});

test("a tensor that a mask needs and that is not there is refused by name", () => {
  expect(() => makeMask(inputs({}, { tensors: ["a", "z"] }))).toThrow(
    expect.objectContaining({ code: "bad-mask", value: "z" }) as Error,
  );
});
