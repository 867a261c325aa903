import { expect, test } from "vitest";

import { decodeBfloat16, encodeBfloat16, openCheckpoint } from "../checkpoint/index.js";
import { serialiseHeader } from "../checkpoint/index.js";
import { concatBytes, memoryFolder } from "../files.js";
import { checkWritten } from "./check-written.js";

async function written(dtype: "F32" | "F16" | "BF16") {
  const bytes = dtype === "F32" ? 12 : 6;
  const header = serialiseHeader([{ name: "w", dtype, shape: [3], bytes }], new Map());
  const folder = memoryFolder("model", {
    "config.json": new TextEncoder().encode("{}"),
    "model.safetensors": concatBytes([header, new Uint8Array(bytes)]),
  });
  return openCheckpoint(folder);
}

const map = (...values: number[]) => new Map([["w", Float32Array.of(...values)]]);

test("values that came back as they were pass, infinities and NaN included", async () => {
  const checkpoint = await written("F32");
  checkWritten(checkpoint, map(1, Infinity, NaN), map(1, Infinity, NaN));
});

test("a float32 tensor must come back exactly; a half may be rounded by half a unit, and no more", async () => {
  const single = await written("F32");
  const half = await written("F16");
  const near = 1 + 2 ** -12;
  expect(() => {
    checkWritten(single, map(1, 0, 0), map(near, 0, 0));
  }).toThrow(expect.objectContaining({ code: "written-model-differs", value: "w" }) as Error);
  checkWritten(half, map(1, 0, 0), map(near, 0, 0));
  expect(() => {
    checkWritten(half, map(1, 0, 0), map(1 + 2 ** -9, 0, 0));
  }).toThrow(/Tensor w/u);
});

test("whatever bfloat16 rounds a weight to passes, and the next number it has does not", async () => {
  const half = await written("BF16");
  for (const value of [1 + 0.99 * 2 ** -8, 1.3, -1.999, 0.1, 3e-5]) {
    const expected = Float32Array.of(value, value / 3, -7 * value);
    const bits = new Uint16Array(3);
    encodeBfloat16(expected, bits);
    const read = new Map([["w", decodeBfloat16(bits)]]);
    checkWritten(half, read, new Map([["w", expected]]));
    bits[0] = (bits[0] ?? 0) + 2;
    const wrong = new Map([["w", decodeBfloat16(bits)]]);
    expect(() => {
      checkWritten(half, wrong, new Map([["w", expected]]));
    }).toThrow(/Tensor w/u);
  }
});

test("weights with adapters are compared as they were merged, and the adapters' own tensors are not looked for", async () => {
  const single = await written("F32");
  const inMemory = new Map([...map(1, 2, 3), ["w.lora_A.weight", Float32Array.of(1)]]);
  const adapted = { merged: map(1, 2, 4), tensors: ["w.lora_A.weight"] };
  checkWritten(single, map(1, 2, 4), inMemory, adapted);
  expect(() => {
    checkWritten(single, map(1, 2, 3), inMemory, adapted);
  }).toThrow(/Tensor w/u);
});

test("a tensor that is missing, too short or not a number where one was is refused", async () => {
  const checkpoint = await written("F32");
  for (const read of [new Map<string, Float32Array>(), map(1, 2), map(1, 2, NaN)]) {
    expect(() => {
      checkWritten(checkpoint, read, map(1, 2, 3));
    }).toThrow(/reads back as something else/u);
  }
});
