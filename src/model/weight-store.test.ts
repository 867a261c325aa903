import fc from "fast-check";
import { expect, test } from "vitest";

import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "../checkpoint/index.js";
import { gatherRows } from "../runtime/stage-runner.js";
import { WeightStore } from "./weight-store.js";

const values = (seed: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed * 31 + i));

function half(dtype: "F16" | "BF16", from: Float32Array): { dtype: "F16" | "BF16"; bits: Uint16Array } {
  const bits = new Uint16Array(from.length);
  (dtype === "F16" ? encodeFloat16 : encodeBfloat16)(from, bits);
  return { dtype, bits };
}

/** a: F16 [3, 4], b: BF16 [3, 4], c: float32 [3, 4], and what they are in float32. */
function example(transientBytes: number): { store: WeightStore; expected: Map<string, Float32Array> } {
  const store = new WeightStore(transientBytes);
  const [a, b] = [half("F16", values(1, 12)), half("BF16", values(2, 12))];
  store.add("a", a);
  store.set("c", values(3, 12));
  store.add("b", b);
  const expected = new Map([
    ["a", decodeFloat16(a.bits)],
    ["c", values(3, 12)],
    ["b", decodeBfloat16(b.bits)],
  ]);
  return { store, expected };
}

test("widening is exact, so every way of asking gives the same values", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ way: fc.constantFrom("get", "read", "rows"), name: fc.constantFrom("a", "b", "c") }),
      ),
      fc.integer({ min: 0, max: 200 }),
      (calls, transientBytes) => {
        const { store, expected } = example(transientBytes);
        for (const { way, name } of calls) {
          const whole = expected.get(name)!;
          if (way === "rows") {
            expect(store.readRows(name, [2, 0], 4)).toEqual(gatherRows(whole, [3, 4], [2, 0]).data);
          } else {
            expect(way === "get" ? store.get(name) : store.read(name)).toEqual(whole);
          }
        }
        expect([...store]).toEqual([...expected]);
      },
    ),
  );
});

test("what is written to an array that get gave is what everyone reads afterwards", () => {
  const { store } = example(48);
  store.read("a");
  store.get("a")![5] = 7;
  store.read("b");
  expect(store.get("a")![5]).toBe(7);
  expect(store.read("a")![5]).toBe(7);
  expect(store.readRows("a", [1], 4)![1]).toBe(7);
  expect([...store.values()][0]![5]).toBe(7);
});

test("reading keeps no more than its bound, and uses memory again", () => {
  const store = new WeightStore(2 * 48);
  const names = ["a", "b", "c", "d"];
  for (const [index, name] of names.entries()) store.add(name, half("F16", values(index, 12)));
  const a = store.read("a")!;
  const b = store.read("b")!;
  expect(store.read("a")).toBe(a);
  // b was used longest ago: its memory is taken for c, and a stays.
  expect(store.read("c")).toBe(b);
  expect(store.read("a")).toBe(a);
  expect(store.read("b")).not.toBe(a);
});

test("it is a map in the order in which tensors were added", () => {
  const { store, expected } = example(48);
  expect([...store.keys()]).toEqual(["a", "c", "b"]);
  expect(store.size).toBe(3);
  expect([
    store.has("b"),
    store.has("x"),
    store.get("x"),
    store.read("x"),
    store.readRows("x", [0], 1),
  ]).toEqual([true, false, undefined, undefined, undefined]);
  const seen: string[] = [];
  store.forEach((array, name) => {
    expect(array).toEqual(expected.get(name));
    seen.push(name);
  });
  expect(seen).toEqual(["a", "c", "b"]);
  store.set("b", values(9, 2));
  expect([...store.keys()]).toEqual(["a", "c", "b"]);
  expect(store.read("b")).toEqual(values(9, 2));
});
