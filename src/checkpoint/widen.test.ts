import { expect, test } from "vitest";

import { concatBytes, memoryFolder } from "../files.js";
import { openCheckpoint, overflowingTensors, serialiseHeader, writeCheckpoint } from "./index.js";
import { encodeBfloat16, encodeFloat16 } from "./half.js";
import { configInFloat32 } from "./widen.js";

const text = (value: string) => new TextEncoder().encode(value);
const edited = (config: string) => new TextDecoder().decode(configInFloat32(text(config)));

async function base(dtype: "F16" | "BF16" | "F32", files: Record<string, Uint8Array> = {}) {
  const bytes = dtype === "F32" ? 8 : 4;
  const entries = ["a", "b"].map((name) => ({ name, dtype, shape: [2], bytes }));
  const weights = concatBytes([
    serialiseHeader(entries, new Map([["format", "pt"]])),
    new Uint8Array(2 * bytes),
  ]);
  return openCheckpoint(
    memoryFolder("base", {
      "config.json": text('{"torch_dtype": "float16", "layer_norm_eps": 1.0}'),
      "model.safetensors": weights,
      ...files,
    }),
  );
}

test("what overflows is exactly what the encoders say, at the edges of both formats", async () => {
  const edges = [65_519.996, 65_520, -65_520, 65_504, 3.3895e38, 3.3961e38, -3.4e38, 0, 1e-40];
  for (const [dtype, encode] of [
    ["F16", encodeFloat16],
    ["BF16", encodeBfloat16],
  ] as const) {
    const checkpoint = await base(dtype);
    for (const edge of edges) {
      const values = Float32Array.of(1, edge);
      const overflows = encode(values, new Uint16Array(2)) >= 0;
      expect(overflowingTensors(checkpoint, new Map([["b", values]])), `${dtype} ${edge}`).toEqual(
        overflows ? ["b"] : [],
      );
    }
  }
  expect(overflowingTensors(await base("F32"), new Map([["b", Float32Array.of(3.4e38, 1)]]))).toEqual([]);
});

for (const dtype of ["F16", "BF16"] as const) {
  test(`a tensor that ${dtype} cannot hold is written as F32, the others as they were, and the config says so`, async () => {
    const out = memoryFolder("out");
    const [a, b] = [Float32Array.of(1, 2), Float32Array.of(-3.4e38, 0.1)];
    const changed = new Map([
      ["a", a],
      ["b", b],
    ]);
    await writeCheckpoint(out, await base(dtype), changed, { overflow: "widen" });
    const back = await openCheckpoint(out);
    expect([...back.tensors.values()].map((tensor) => [tensor.name, tensor.dtype])).toEqual([
      ["a", dtype],
      ["b", "F32"],
    ]);
    expect(await back.read("a")).toEqual(a);
    expect(await back.read("b")).toEqual(b);
    expect(back.config).toEqual({ torch_dtype: "float32", layer_norm_eps: 1 });
    const again = memoryFolder("again");
    await writeCheckpoint(again, await base(dtype), changed, { overflow: "widen" });
    expect(again.files).toEqual(out.files);
  });
}

test("in a sharded checkpoint the index tells the new size", async () => {
  const shard = (name: string) =>
    concatBytes([
      serialiseHeader([{ name, dtype: "F16", shape: [1], bytes: 2 }], new Map()),
      new Uint8Array(2),
    ]);
  const weight_map = { a: "one.safetensors", b: "two.safetensors" };
  const sharded = await openCheckpoint(
    memoryFolder("base", {
      "config.json": text("{}"),
      "one.safetensors": shard("a"),
      "two.safetensors": shard("b"),
      "model.safetensors.index.json": text(JSON.stringify({ metadata: { total_size: 4 }, weight_map })),
    }),
  );
  const out = memoryFolder("out");
  await writeCheckpoint(out, sharded, new Map([["b", Float32Array.of(1e6)]]), { overflow: "widen" });
  const back = await openCheckpoint(out);
  expect(await back.read("b")).toEqual(Float32Array.of(1e6));
  expect(JSON.parse(new TextDecoder().decode(back.weights.index))).toMatchObject({
    metadata: { total_size: 6 },
  });
});

test("NaN and infinity are refused all the same: there is nothing to keep", async () => {
  const writing = writeCheckpoint(
    memoryFolder("out"),
    await base("F16"),
    new Map([["a", Float32Array.of(NaN, 1)]]),
    {
      overflow: "widen",
    },
  );
  await expect(writing).rejects.toMatchObject({ code: "not-finite" });
});

test("the dtype of a config is changed where transformers reads it, and no other byte", () => {
  const nested =
    '{\n  "eps": 1.0,\n  "sub": {"dtype": "float16", "x": ["torch_dtype"]},\n  "dtype": "bfloat16"\n}\n';
  expect(edited(nested)).toBe(nested.replace('"bfloat16"', '"float32"'));
  expect(edited('{"torch_dtype" :null,"note":"dtype","dtype":"float16"}')).toBe(
    '{"torch_dtype" :"float32","note":"dtype","dtype":"float32"}',
  );
  expect(edited('{"model_type": "bert"}')).toBe('{"dtype": "float32","model_type": "bert"}');
  expect(JSON.parse(edited(" {} "))).toEqual({ dtype: "float32" });
  expect(edited('{"a": "\\"dtype\\": \\"float16\\"", "dtype": "f"}')).toBe(
    '{"a": "\\"dtype\\": \\"float16\\"", "dtype": "float32"}',
  );
});
