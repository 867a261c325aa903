import { existsSync, readdirSync } from "node:fs";

import { expect, test } from "vitest";

import { concatBytes, memoryFolder } from "../files.js";
import { nodeFolderReader, nodeSha256 } from "../node/index.js";
import { CheckpointError, openCheckpoint, serialiseHeader, writeCheckpoint } from "./index.js";

const encoder = new TextEncoder();
const config = encoder.encode('{"model_type":"bert"}');
type Files = Record<string, Uint8Array>;

function f32(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** A weight file of F32 vectors. */
function weights(tensors: Record<string, number[]>): Uint8Array {
  const entries = Object.entries(tensors);
  const infos = entries.map(([name, v]) => ({ name, dtype: "F32", shape: [v.length], bytes: 4 * v.length }));
  return concatBytes([
    serialiseHeader(infos, new Map([["format", "pt"]])),
    ...entries.map(([, v]) => f32(...v)),
  ]);
}

function index(weightMap: unknown, totalSize?: unknown): Uint8Array {
  return encoder.encode(JSON.stringify({ metadata: { total_size: totalSize }, weight_map: weightMap }));
}

const one = weights({ a: [1, 2], b: [3] });
const single: Files = { "config.json": config, "model.safetensors": one };
const sharded: Files = {
  "config.json": config,
  "s1.safetensors": weights({ b: [3] }),
  "s2.safetensors": weights({ a: [1, 2] }),
  "model.safetensors.index.json": index({ a: "s2.safetensors", b: "s1.safetensors" }, 12),
};

async function failure(files: Files): Promise<CheckpointError> {
  const error: unknown = await openCheckpoint(memoryFolder("base", files)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return error as CheckpointError;
}

test("opens one file and shards alike, and reads tensors by name", async () => {
  for (const files of [single, sharded]) {
    const checkpoint = await openCheckpoint(memoryFolder("base", files));
    expect(checkpoint.config).toEqual({ model_type: "bert" });
    expect([...(await checkpoint.read("a"))]).toEqual([1, 2]);
    expect([...(await checkpoint.read("b"))]).toEqual([3]);
    await checkpoint.close();
  }
});

test("the digest is the same sharded or not, in any order, with any metadata, with either hash", async () => {
  const reordered = { ...single, "model.safetensors": weights({ b: [3], a: [1, 2] }), "README.md": config };
  const digests = new Set<string>();
  for (const files of [single, sharded, reordered]) {
    for (const options of [{}, { createHash: nodeSha256 }]) {
      digests.add(await (await openCheckpoint(memoryFolder("base", files), options)).digest());
    }
  }
  // Pinned: Python hashlib.sha256 over the layout in docs/checkpoints.md, written out by hand with struct.pack.
  expect([...digests]).toEqual(["92bc85e184f4dcc6c77d2874f7b91e4b340d4348a087859151498a845e039ac0"]);
});

test("the digest changes with a name, a shape, a dtype, one bit of data, or config.json", async () => {
  const digest = async (files: Files) => (await openCheckpoint(memoryFolder("base", files))).digest();
  const withWeights = (bytes: Uint8Array) => digest({ ...single, "model.safetensors": bytes });
  const retyped = concatBytes([
    serialiseHeader(
      [
        { name: "a", dtype: "I32", shape: [2], bytes: 8 },
        { name: "b", dtype: "F32", shape: [1], bytes: 4 },
      ],
      new Map(),
    ),
    f32(1, 2, 3),
  ]);
  const flipped = one.slice();
  flipped[flipped.length - 1]! ^= 1;
  const digests = [
    await digest(single),
    await digest({ ...single, "config.json": encoder.encode('{"model_type": "bert"}') }),
    await withWeights(weights({ a: [1, 2], c: [3] })),
    await withWeights(weights({ a: [1], b: [2, 3] })),
    await withWeights(retyped),
    await withWeights(flipped),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test("a tensor that is not there is named, with the folder", async () => {
  const checkpoint = await openCheckpoint(memoryFolder("base", single));
  await expect(checkpoint.read("z")).rejects.toThrow(/base has no tensor "z"/);
  await expect(checkpoint.read("__proto__")).rejects.toMatchObject({ code: "missing-tensor" });
  expect(() => checkpoint.readRaw("z")).toThrow(/no tensor "z"/);
});

test("integer tensors are listed and kept as bytes, but are no weights", async () => {
  const head = serialiseHeader([{ name: "ids", dtype: "I64", shape: [1], bytes: 8 }], new Map());
  const files = { ...single, "model.safetensors": concatBytes([head, new Uint8Array(8)]) };
  const checkpoint = await openCheckpoint(memoryFolder("base", files));
  expect(checkpoint.tensors.get("ids")?.dtype).toBe("I64");
  await expect(checkpoint.read("ids")).rejects.toMatchObject({ code: "not-a-weight" });
});

test("side files are read by plain name, absent ones are undefined", async () => {
  const checkpoint = await openCheckpoint(memoryFolder("base", { ...single, "tokenizer.json": config }));
  expect(await checkpoint.sideFile("tokenizer.json")).toEqual(config);
  expect(await checkpoint.sideFile("vocab.txt")).toBeUndefined();
  await expect(checkpoint.sideFile("../secret")).rejects.toMatchObject({ code: "unsafe-name" });
});

const without = (name: string): Files =>
  Object.fromEntries(Object.entries(sharded).filter(([key]) => key !== name));
const withIndex = (bytes: Uint8Array): Files => ({ ...sharded, "model.safetensors.index.json": bytes });
const good = { a: "s2.safetensors", b: "s1.safetensors" };

const bad: [string, Files, string, RegExp][] = [
  ["an empty folder", {}, "missing-config", /holds no files/],
  ["no config.json", { "model.safetensors": one }, "missing-config", /holds model\.safetensors/],
  [
    "a config.json that is not JSON",
    { ...single, "config.json": encoder.encode("{") },
    "not-json",
    /base\/config\.json/,
  ],
  [
    "a config.json that is a list",
    { ...single, "config.json": encoder.encode("[]") },
    "not-json",
    /not a JSON object/,
  ],
  [
    "a config.json with a key twice",
    { ...single, "config.json": encoder.encode('{"vocab_size":1,"vocab_size":2}') },
    "duplicate-key",
    /"vocab_size" twice/,
  ],
  [
    "a config.json of 16 MiB",
    { ...single, "config.json": new Uint8Array(2 ** 24 + 1) },
    "file-too-large",
    /16777217/,
  ],
  [
    "no weights",
    { "config.json": config },
    "no-weights",
    /tried model\.safetensors and model\.safetensors\.index\.json/,
  ],
  [
    "a pickle alone",
    { "config.json": config, "pytorch_model.bin": one },
    "pickle-only",
    /pytorch_model\.bin.*Convert once/,
  ],
  ["a GGUF file alone", { "config.json": config, "m.gguf": one }, "pickle-only", /m\.gguf/],
  ["one file and an index", { ...sharded, "model.safetensors": one }, "ambiguous-weights", /both/],
  ["an index that is not JSON", withIndex(encoder.encode("nope")), "not-json", /index\.json/],
  ["an index without weight_map", withIndex(encoder.encode("{}")), "bad-index", /no weight_map/],
  [
    "an index with a tensor twice",
    withIndex(encoder.encode('{"weight_map":{"a":"s1.safetensors","a":"s2.safetensors"}}')),
    "duplicate-key",
    /"a" twice/,
  ],
  ["a missing shard", without("s2.safetensors"), "missing-shard", /s2\.safetensors/],
  [
    "a shard outside the folder",
    withIndex(index({ ...good, a: "../s2.safetensors" })),
    "unsafe-shard-name",
    /"\.\.\/s2\.safetensors"/,
  ],
  [
    "a shard at an absolute path",
    withIndex(index({ ...good, a: "/etc/x.safetensors" })),
    "unsafe-shard-name",
    /tensor "a"/,
  ],
  [
    "a shard behind a backslash",
    withIndex(index({ ...good, a: "..\\x.safetensors" })),
    "unsafe-shard-name",
    /tensor "a"/,
  ],
  ...["./../s2.safetensors", ".//s2.safetensors", "sub/s2.safetensors", "./", ".", "C:s2.safetensors"].map(
    (name): [string, Files, string, RegExp] => [
      `a shard called ${name}`,
      withIndex(index({ ...good, a: name })),
      "unsafe-shard-name",
      /tensor "a"/,
    ],
  ),
  [
    "a shard with a long name",
    withIndex(index({ ...good, a: "x".repeat(20_000) })),
    "unsafe-shard-name",
    /^.{0,400}$/u,
  ],
  [
    "a shard whose tensors all went",
    withIndex(index({ ...good, c: "s3.safetensors" })),
    "missing-shard",
    /s3/,
  ],
  ["a shard that is a pickle", withIndex(index({ ...good, a: "s2.bin" })), "unsafe-shard-name", /s2\.bin/],
  ["a shard that is a number", withIndex(index({ ...good, a: 2 })), "unsafe-shard-name", /into 2/],
  [
    "a tensor the index does not name",
    { ...withIndex(index(good)), "s1.safetensors": weights({ b: [3], c: [4] }) },
    "tensor-not-in-index",
    /"c" is in s1/,
  ],
  [
    "a tensor in two shards",
    { ...withIndex(index(good)), "s1.safetensors": weights({ b: [3], a: [1, 2] }) },
    "duplicate-tensor",
    /"a" is in s1.*into s2/,
  ],
  [
    "a shard that is cut",
    { ...sharded, "s2.safetensors": sharded["s2.safetensors"]!.slice(0, -1) },
    "truncated",
    /base\/s2\.safetensors/,
  ],
];

for (const [what, files, code, message] of bad) {
  test(`refuses a folder with ${what}: ${code}`, async () => {
    const error = await failure(files);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
}

const indexes: [string, Uint8Array][] = [
  ["a total_size that is text", index(good, "12")],
  ["a wrong total_size: tied weights twice, file sizes", index(good, 1e15)],
  ["a total_size from before tensors were taken out", index(good, 11)],
  ["a negative total_size", index(good, -1)],
  ["a total_size that is null", index(good, null)],
  ...[null, [], "pt", 7, { total_size: { bytes: 12 } }, { format: null }].map(
    (metadata): [string, Uint8Array] => [
      `metadata ${JSON.stringify(metadata)}`,
      encoder.encode(JSON.stringify({ metadata, weight_map: good })),
    ],
  ),
  ["no metadata", encoder.encode(JSON.stringify({ weight_map: good }))],
  ["other fields", encoder.encode(JSON.stringify({ weight_map: good, all_checkpoint_keys: ["x"] }))],
  ["a name that no shard holds", index({ ...good, "lm_head.weight": "s1.safetensors" })],
  ["names with ./ before them", index({ a: "./s2.safetensors", b: "././s1.safetensors" })],
];
for (const [what, bytes] of indexes) {
  test(`takes an index with ${what}, and writes one that says what is there`, async () => {
    const checkpoint = await openCheckpoint(memoryFolder("base", withIndex(bytes)));
    expect([...checkpoint.tensors.keys()].sort()).toEqual(["a", "b"]);
    expect(await checkpoint.digest()).toBe(
      await (await openCheckpoint(memoryFolder("base", sharded))).digest(),
    );
    const out = memoryFolder("out");
    await writeCheckpoint(out, checkpoint, new Map([["a", Float32Array.of(5, 6)]]));
    const written: unknown = JSON.parse(
      new TextDecoder().decode(out.files.get("model.safetensors.index.json")),
    );
    expect(Object.keys((written as { weight_map: object }).weight_map).sort()).toEqual(["a", "b"]);
    const back = await openCheckpoint(out);
    expect([...(await back.read("a"))]).toEqual([5, 6]);
    expect([...(await back.read("b"))]).toEqual([3]);
  });
}

test("one file with an index that names no other is taken, as MLX writes it", async () => {
  const both = index({ a: "model.safetensors", b: "model.safetensors" }, 7);
  const checkpoint = await openCheckpoint(
    memoryFolder("base", { ...single, "model.safetensors.index.json": both }),
  );
  expect([...(await checkpoint.read("a"))]).toEqual([1, 2]);
  const out = memoryFolder("out");
  await writeCheckpoint(out, checkpoint, new Map());
  expect(out.files.get("model.safetensors")).toEqual(one);
  expect((await openCheckpoint(out)).tensors.size).toBe(2);
});

test("refuses more shards than any model has", async () => {
  const map = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, `${i}.safetensors`]));
  expect((await failure(withIndex(index(map)))).code).toBe("too-many-shards");
});

test("an error while opening closes what was opened", async () => {
  const folder = memoryFolder("base", { ...sharded, "s2.safetensors": one });
  let open = 0;
  const counted = {
    ...folder,
    open: async (name: string) => {
      const file = await folder.open(name);
      open++;
      return {
        ...file,
        close: () => {
          open--;
          return file.close();
        },
      };
    },
  };
  await expect(openCheckpoint(counted)).rejects.toThrow(CheckpointError);
  expect(open).toBe(0);
});

const golden = "../shared/golden/models";
const goldenNames = existsSync(golden) ? readdirSync(golden) : [];
test.skipIf(goldenNames.length === 0)("opens every folder of ../shared/golden/models", async () => {
  for (const name of goldenNames) {
    const checkpoint = await openCheckpoint(nodeFolderReader(`${golden}/${name}`));
    expect(checkpoint.tensors.size).toBeGreaterThan(0);
    for (const { name: tensor, elements } of checkpoint.tensors.values()) {
      const values = await checkpoint.read(tensor);
      expect(values.length).toBe(elements);
      expect(values.every(Number.isFinite)).toBe(true);
    }
    await checkpoint.close();
  }
});

test("opens the embedded model, and both hashes agree on its digest", async () => {
  const folder = nodeFolderReader("models/minilm-mlm");
  const portable = await openCheckpoint(folder);
  const native = await openCheckpoint(folder, { createHash: nodeSha256 });
  expect(portable.tensors.size).toBe(106);
  expect(await portable.digest()).toBe(await native.digest());
  await portable.close();
  await native.close();
});
