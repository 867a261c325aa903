import { existsSync, readdirSync } from "node:fs";

import fc from "fast-check";
import { expect, test } from "vitest";

import { concatBytes, memoryFolder } from "../files.js";
import type { MemoryFolder } from "../files.js";
import { nodeFolderReader } from "../node/index.js";
import { decodeFloat16, openCheckpoint, serialiseHeader, writeCheckpoint } from "./index.js";
import type { Checkpoint, HeaderEntry } from "./index.js";

const encoder = new TextEncoder();
const text = (value: string) => encoder.encode(value);
type Files = Record<string, Uint8Array>;

/** A weight file of tensors of one element size, with counting bytes as data. */
function weights(
  entries: readonly Omit<HeaderEntry, "bytes">[],
  data: Uint8Array,
  metadata: Record<string, string> = { format: "pt" },
): Uint8Array {
  const size: Record<string, number> = { F32: 4, F16: 2, BF16: 2, I64: 8 };
  const sized = entries.map((e) => ({ ...e, bytes: e.shape.reduce((a, b) => a * b, size[e.dtype]!) }));
  return concatBytes([serialiseHeader(sized, new Map(Object.entries(metadata))), data]);
}

const f32 = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const opened = (files: Files) => openCheckpoint(memoryFolder("base", files));

async function written(
  base: Checkpoint,
  changed: Record<string, Float32Array> = {},
  tied: Record<string, string> = {},
) {
  const out = memoryFolder("out");
  await writeCheckpoint(out, base, new Map(Object.entries(changed)), {
    tiedAliases: new Map(Object.entries(tied)),
  });
  return out;
}

const two = [
  { name: "a", dtype: "F32", shape: [2] },
  { name: "b", dtype: "F32", shape: [1, 1] },
];
const base: Files = {
  "config.json": text('{"model_type": "bert"}\n'),
  "model.safetensors": weights(two, f32(1, 2, 3)),
};

test("with nothing changed the weight file comes out byte for byte", async () => {
  const out = await written(await opened(base));
  expect(out.files.get("model.safetensors")).toEqual(base["model.safetensors"]);
  expect(out.files.get("config.json")).toEqual(base["config.json"]);
});

test("changed tensors are written, the others kept; the same input gives the same bytes", async () => {
  const changed = { b: Float32Array.of(-0.1) };
  const [first, second] = [
    await written(await opened(base), changed),
    await written(await opened(base), changed),
  ];
  expect(first.files).toEqual(second.files);
  const back = await openCheckpoint(first);
  expect([...(await back.read("a"))]).toEqual([1, 2]);
  expect([...(await back.read("b"))]).toEqual([Math.fround(-0.1)]);
  expect(back.tensors.get("b")?.shape).toEqual([1, 1]);
});

test("metadata is kept, and format: pt added where there was none", async () => {
  const metadata = async (given: Record<string, string>) => {
    const out = await written(
      await opened({ ...base, "model.safetensors": weights(two, f32(1, 2, 3), given) }),
    );
    return Object.fromEntries(
      (await openCheckpoint(out)).weights.files.get("model.safetensors")!.header.metadata,
    );
  };
  expect(await metadata({})).toEqual({ format: "pt" });
  expect(await metadata({ origin: "x" })).toEqual({ format: "pt", origin: "x" });
  expect(await metadata({ format: "mlx", origin: "x" })).toEqual({ format: "mlx", origin: "x" });
});

test("side files are kept; foreign weights and files about the old weights are not", async () => {
  const kept = ["tokenizer.json", "vocab.txt", "merges.txt", "generation_config.json", "chat_template.jinja"];
  const left = ["pytorch_model.bin", "tf_model.h5", "model.onnx", "optimizer.pt", ".gitattributes"];
  const stale = [
    "golden.json",
    "ledger.jsonl",
    "metrics.json",
    "report.html",
    "pytorch_model.bin.index.json",
  ];
  const all = Object.fromEntries([...kept, ...left, ...stale].map((name) => [name, text(name)]));
  const out = await written(await opened({ ...base, ...all, "README.md": text("card") }));
  const names = ["README.base.md", "config.json", "model.safetensors", ...kept];
  expect([...out.files.keys()].sort()).toEqual(names.sort());
  expect(out.files.get("README.base.md")).toEqual(text("card"));
  expect(out.files.get("vocab.txt")).toEqual(text("vocab.txt"));
});

test("config.json is written last, so that a folder cut short does not open", async () => {
  const order: string[] = [];
  const out = memoryFolder("out");
  const watched = {
    ...out,
    write: (name: string, chunks: AsyncIterable<Uint8Array>) => (order.push(name), out.write(name, chunks)),
  };
  await writeCheckpoint(watched, await opened({ ...base, "vocab.txt": text("v") }), new Map());
  expect(order).toEqual(["vocab.txt", "model.safetensors", "config.json"]);
});

const refused: [string, string, Record<string, Float32Array>, string, RegExp][] = [
  ["an unknown name", "F32", { z: Float32Array.of(1) }, "missing-tensor", /"z"/],
  [
    "another length",
    "F32",
    { a: Float32Array.of(1, 2, 3) },
    "length-mismatch",
    /"a" was changed to 3 values.*2, for shape \[2\]/,
  ],
  ["NaN", "F32", { a: Float32Array.of(1, NaN) }, "not-finite", /Element 1 of tensor "a" is NaN/],
  [
    "infinity",
    "F16",
    { a: Float32Array.of(-Infinity, 0) },
    "not-finite",
    /Element 0 of tensor "a" is -Infinity/,
  ],
  [
    "a value too large for F16",
    "F16",
    { a: Float32Array.of(65_519, 65_520) },
    "overflow",
    /Element 1 of tensor "a" is 65520, too large for F16/,
  ],
  ["a value too large for BF16", "BF16", { a: Float32Array.of(3.4e38, 0) }, "overflow", /too large for BF16/],
  ["an integer tensor", "I64", { a: Float32Array.of(1, 2) }, "not-a-weight", /"a" was changed, but is I64/],
];
for (const [what, dtype, changed, code, message] of refused) {
  test(`refuses a change to ${what}: ${code}, and leaves no folder that opens`, async () => {
    const size: Record<string, number> = { F32: 8, F16: 4, BF16: 4, I64: 16 };
    const file = weights([{ name: "a", dtype, shape: [2] }], new Uint8Array(size[dtype]!));
    const out = memoryFolder("out");
    const writing = writeCheckpoint(
      out,
      await opened({ ...base, "model.safetensors": file }),
      new Map(Object.entries(changed)),
    );
    await expect(writing).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    await expect(openCheckpoint(out)).rejects.toThrow();
  });
}

const tiedTensors = [
  { name: "emb", dtype: "F32", shape: [2] },
  { name: "head", dtype: "F32", shape: [2] },
];
const tied = (values: number[], config = "{}"): Files => ({
  "config.json": text(config),
  "model.safetensors": weights(tiedTensors, f32(...values)),
});
const alias = { head: "emb" };

test("tied weights are written once, and an alias follows a changed kept tensor", async () => {
  const out = await written(await opened(tied([1, 2, 1, 2])), { emb: Float32Array.of(5, 6) }, alias);
  const back = await openCheckpoint(out);
  expect([...back.tensors.keys()]).toEqual(["emb"]);
  expect([...(await back.read("emb"))]).toEqual([5, 6]);
});

test("an alias is kept when config.json unties it or the kept name is not there", async () => {
  const untied = await written(await opened(tied([1, 2, 1, 2], '{"tie_word_embeddings":false}')), {}, alias);
  expect([...(await openCheckpoint(untied)).tensors.keys()]).toEqual(["emb", "head"]);
  const other = await written(await opened(tied([1, 2, 1, 2])), {}, { head: "elsewhere" });
  expect([...(await openCheckpoint(other)).tensors.keys()]).toEqual(["emb", "head"]);
});

test("untied, an alias that holds the kept tensor's data follows it, and one that does not stays", async () => {
  const untied = (values: number[]) => opened(tied(values, '{"tie_word_embeddings":false}'));
  const change = { emb: Float32Array.of(5, 6) };
  const heads = async (base: Checkpoint, changed: Record<string, Float32Array>) => [
    ...(await (await openCheckpoint(await written(base, changed, alias))).read("head")),
  ];
  expect(await heads(await untied([1, 2, 1, 2]), change)).toEqual([5, 6]);
  expect(await heads(await untied([1, 2, 1, 3]), change)).toEqual([1, 3]);
  expect(await heads(await untied([1, 2, 1, 2]), {})).toEqual([1, 2]);
  expect(await heads(await untied([1, 2, 1, 2]), { ...change, head: Float32Array.of(7, 8) })).toEqual([7, 8]);
  const short = await written(
    await opened({ ...base, "config.json": text('{"tie_word_embeddings":false}') }),
    {
      a: Float32Array.of(5, 6),
    },
  );
  expect([...(await (await openCheckpoint(short)).read("b"))]).toEqual([3]);
});

test("tied names with different data are refused, in the base or in the change", async () => {
  const values = Float32Array.of(5, 6);
  const cases: [number[], Record<string, Float32Array>][] = [
    [[1, 2, 1, 3], {}],
    [[1, 2, 1, 2], { head: values }],
    [[1, 2, 1, 2], { head: values, emb: Float32Array.of(5, 7) }],
  ];
  for (const [data, changed] of cases) {
    await expect(written(await opened(tied(data)), changed, alias)).rejects.toMatchObject({
      code: "tied-tensors-differ",
    });
  }
  const same = await written(await opened(tied([1, 2, 1, 2])), { head: values, emb: values.slice() }, alias);
  expect((await openCheckpoint(same)).tensors.size).toBe(1);
});

const shards: Files = {
  "config.json": text("{}"),
  "model-00001-of-00002.safetensors": weights([{ name: "emb", dtype: "F32", shape: [2] }], f32(1, 2)),
  "model-00002-of-00002.safetensors": weights(
    [
      { name: "b", dtype: "F32", shape: [1] },
      { name: "head", dtype: "F32", shape: [2] },
    ],
    f32(3, 1, 2),
  ),
  "model.safetensors.index.json": text(
    `{"metadata":{"total_size":20,"total_parameters":5},"weight_map":{"emb":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","head":"model-00002-of-00002.safetensors"}}`,
  ),
};

test("shards stay shards: unchanged byte for byte, the index too", async () => {
  const out = await written(await opened(shards));
  expect(Object.fromEntries(out.files)).toEqual(shards);
});

test("an alias dropped from a shard leaves the index as well, with its sizes", async () => {
  const out = await written(await opened(shards), {}, alias);
  const index: unknown = JSON.parse(new TextDecoder().decode(out.files.get("model.safetensors.index.json")));
  expect(index).toEqual({
    metadata: { total_size: 12, total_parameters: 3 },
    weight_map: { emb: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" },
  });
  expect([...(await openCheckpoint(out)).tensors.keys()].sort()).toEqual(["b", "emb"]);
});

test("a shard with nothing left is not written", async () => {
  const files: Files = {
    ...shards,
    "model-00002-of-00002.safetensors": weights([{ name: "head", dtype: "F32", shape: [2] }], f32(1, 2)),
    "model.safetensors.index.json": text(
      `{"weight_map":{"emb":"model-00001-of-00002.safetensors","head":"model-00002-of-00002.safetensors"}}`,
    ),
  };
  const out = await written(await opened(files), {}, alias);
  expect(out.files.has("model-00002-of-00002.safetensors")).toBe(false);
  expect((await openCheckpoint(out)).tensors.size).toBe(1);
});

test("writing holds one tensor at a time", async () => {
  const entries = Array.from({ length: 20 }, (_, i) => ({ name: `t${i}`, dtype: "F16", shape: [1000] }));
  const file = weights(entries, new Uint8Array(40_000));
  let largest = 0;
  const out: MemoryFolder = memoryFolder("out");
  const watched = {
    ...out,
    write: async (name: string, chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks)
        if (name === "model.safetensors") largest = Math.max(largest, chunk.length);
    },
  };
  const changed = new Map([["t3", new Float32Array(1000).fill(1)]]);
  await writeCheckpoint(watched, await opened({ ...base, "model.safetensors": file }), changed);
  expect(largest).toBe(2000);
});

test("property: any weights in any of the three formats come back as they were rounded", async () => {
  const tensor = fc.record({
    name: fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
      .filter((name) => name !== "__metadata__"),
    dtype: fc.constantFrom("F32", "F16", "BF16"),
    values: fc.array(fc.float({ noNaN: true, min: -65_000, max: 65_000 }), { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(tensor, { selector: ({ name }) => name, minLength: 1 }),
      async (tensors) => {
        const bytes = tensors.reduce(
          (sum, { dtype, values }) => sum + values.length * (dtype === "F32" ? 4 : 2),
          0,
        );
        const entries = tensors.map(({ name, dtype, values }) => ({ name, dtype, shape: [values.length] }));
        const empty = await opened({ ...base, "model.safetensors": weights(entries, new Uint8Array(bytes)) });
        const changed = new Map(tensors.map(({ name, values }) => [name, Float32Array.from(values)]));
        const out = memoryFolder("out");
        await writeCheckpoint(out, empty, changed);
        const once = await openCheckpoint(out);
        for (const { name, dtype, values } of tensors) {
          const relative = dtype === "F32" ? 0 : dtype === "F16" ? 2 ** -11 : 2 ** -8;
          (await once.read(name)).forEach((value, i) => {
            expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(
              Math.abs(values[i]!) * relative + (relative && 2 ** -25),
            );
          });
        }
        const again = memoryFolder("again");
        const read = await Promise.all(
          [...once.tensors.keys()].map(async (name) => [name, await once.read(name)] as const),
        );
        await writeCheckpoint(again, once, new Map(read));
        expect(again.files.get("model.safetensors")).toEqual(out.files.get("model.safetensors"));
      },
    ),
    { numRuns: 100 },
  );
});

test("float16 rounds to nearest, ties to even, on the way out", async () => {
  const file = weights([{ name: "a", dtype: "F16", shape: [3] }], new Uint8Array(6));
  const values = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20);
  const out = await written(await opened({ ...base, "model.safetensors": file }), { a: values });
  const bits = Uint16Array.of(0x3c00, 0x3c02, 0x3c01);
  expect(await (await openCheckpoint(out)).read("a")).toEqual(decodeFloat16(bits));
});

const golden = "../shared/golden/models";
const folders = [
  "models/minilm-mlm",
  ...(existsSync(golden) ? readdirSync(golden).map((name) => `${golden}/${name}`) : []),
];
for (const folder of folders) {
  test(`${folder}: decoding and writing every tensor gives the reference implementation's bytes again`, async () => {
    const reader = nodeFolderReader(folder);
    const checkpoint = await openCheckpoint(reader);
    const changed = new Map<string, Float32Array>();
    for (const name of checkpoint.tensors.keys()) changed.set(name, await checkpoint.read(name));
    const out = memoryFolder("out");
    await writeCheckpoint(out, checkpoint, changed);
    for (const name of [...checkpoint.weights.files.keys(), "config.json"]) {
      const file = await reader.open(name);
      const same = Buffer.compare(await file.read(0, file.size), out.files.get(name)!) === 0;
      await file.close();
      expect(same, `${name} differs`).toBe(true);
    }
    await checkpoint.close();
  });
}
