import fc from "fast-check";
import { expect, test } from "vitest";

import { concatBytes, memoryFile } from "../files.js";
import { CheckpointError, readSafetensorsHeader, serialiseHeader } from "./index.js";

const encoder = new TextEncoder();

/** A file with any header text, honest about its length unless told. */
function fileOf(header: string | object, dataBytes = 0, claimed?: bigint): Uint8Array {
  const json = encoder.encode(typeof header === "string" ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  return concatBytes([length, json, new Uint8Array(dataBytes)]);
}

const read = (bytes: Uint8Array) =>
  readSafetensorsHeader(memoryFile("hostile.safetensors", bytes), "hostile");

async function failure(bytes: Uint8Array): Promise<CheckpointError> {
  const error: unknown = await read(bytes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return error as CheckpointError;
}

const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test("reads names, shapes, places and metadata of a well-formed file", async () => {
  const header = {
    __metadata__: { format: "pt" },
    b: entry(8, 8, [0, 5]),
    a: entry(0, 8, [2, 1]),
    s: entry(8, 12, []),
  };
  const { tensors, metadata, dataStart } = await read(fileOf(header, 12));
  expect(tensors).toEqual([
    { name: "a", dtype: "F32", shape: [2, 1], elements: 2, bytes: 8, file: "hostile", offset: dataStart },
    { name: "b", dtype: "F32", shape: [0, 5], elements: 0, bytes: 0, file: "hostile", offset: dataStart + 8 },
    { name: "s", dtype: "F32", shape: [], elements: 1, bytes: 4, file: "hostile", offset: dataStart + 8 },
  ]);
  expect([...metadata]).toEqual([["format", "pt"]]);
});

test("an empty file of tensors is a file", async () => {
  expect((await read(fileOf({}))).tensors).toEqual([]);
});

test("a file cut at any byte is refused as truncated, and the message says where it ends", async () => {
  const whole = fileOf({ a: entry(0, 8), b: entry(8, 12) }, 12);
  for (let size = 0; size < whole.length; size++) {
    const error = await failure(whole.slice(0, size));
    expect(error.code).toBe("truncated");
    expect(error.message).toContain(`ends at byte ${size},`);
  }
});

test("a file with a flipped byte in its header is read as other tensors or refused by a named error", async () => {
  const whole = fileOf({ __metadata__: { format: "pt" }, a: entry(0, 8), b: entry(8, 12) }, 12);
  for (let at = 0; at < whole.length - 12; at++) {
    for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
      const bytes = whole.slice();
      bytes[at]! ^= bit;
      const result = await read(bytes).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(CheckpointError);
    }
  }
});

const billion = 1_000_000_000;
const hostile: [string, Uint8Array, string, RegExp][] = [
  ["a header length of 2^60", fileOf("{}", 0, 2n ** 60n), "header-too-large", /1152921504606846976/],
  [
    "a header length of 2^64 - 1",
    fileOf("{}", 0, 2n ** 64n - 1n),
    "header-too-large",
    /18446744073709551615/,
  ],
  ["a header length of zero", fileOf("", 4, 0n), "not-json", /byte 8/],
  ["a header that begins with a blank", fileOf(" {}"), "not-json", /does not begin with "\{" at byte 8/],
  ["a header that is a list", fileOf("[]"), "not-json", /does not begin/],
  ["a header that is not JSON", fileOf("{nope}"), "not-json", /is not JSON/],
  [
    "a header that is not UTF-8",
    concatBytes([fileOf("{", 0, 3n), Uint8Array.of(0xff, 0x7d)]),
    "not-json",
    /UTF-8/,
  ],
  ["JSON after the header", fileOf("{}{}"), "not-json", /is not JSON/],
  [
    "a tensor twice",
    fileOf(`{"a":${JSON.stringify(entry(0, 4))},"\\u0061":${JSON.stringify(entry(0, 4))}}`, 4),
    "duplicate-key",
    /"a" twice, again at character/,
  ],
  [
    "a dtype twice",
    fileOf('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
    "duplicate-key",
    /"dtype" twice/,
  ],
  [
    "metadata twice",
    fileOf('{"__metadata__":{},"__metadata__":{}}'),
    "duplicate-key",
    /"__metadata__" twice/,
  ],
  ["metadata that is a list", fileOf('{"__metadata__":["pt"]}'), "bad-metadata", /strings to strings/],
  [
    "metadata that is a number",
    fileOf('{"__metadata__":{"format":1}}'),
    "bad-metadata",
    /strings to strings/,
  ],
  ["an entry that is null", fileOf({ a: null }), "bad-entry", /tensor "a" of hostile/],
  [
    "an entry without a shape",
    fileOf('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4),
    "bad-entry",
    /exactly dtype, shape/,
  ],
  [
    "an entry with its dtype on __proto__",
    fileOf('{"a":{"__proto__":{"dtype":"F32"},"shape":[1],"data_offsets":[0,4]}}', 4),
    "bad-entry",
    /tensor "a"/,
  ],
  [
    "an entry with more keys",
    fileOf({ a: { ...entry(0, 4), strides: [1] } }, 4),
    "bad-entry",
    /exactly dtype, shape/,
  ],
  [
    "an entry called __proto__ that is no tensor",
    fileOf('{"__proto__":{"polluted":true}}'),
    "bad-entry",
    /"__proto__"/,
  ],
  ["an empty name", fileOf({ "": entry(0, 4) }, 4), "bad-name", /0 bytes/],
  ["a name of a megabyte", fileOf({ ["n".repeat(2 ** 20)]: entry(0, 4) }, 4), "bad-name", /1048576 bytes/],
  ["an unknown dtype", fileOf({ a: entry(0, 4, [1], "Q4_K") }, 4), "unknown-dtype", /"Q4_K".*F32/],
  [
    "a dtype off the prototype",
    fileOf({ a: entry(0, 4, [1], "constructor") }, 4),
    "unknown-dtype",
    /"constructor"/,
  ],
  ["a dtype that is a number", fileOf({ a: entry(0, 4, [1], 5) }, 4), "unknown-dtype", /is 5/],
  [
    "a vocabulary of a billion",
    fileOf({ a: entry(0, 4, [billion, 4096]) }, 4),
    "size-mismatch",
    /4 bytes \(\d+ to \d+\), but F32 of shape \[1000000000,4096\] is 16384000000000/,
  ],
  [
    "a shape whose size overflows",
    fileOf({ a: entry(0, 4, [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1]) }, 4),
    "size-mismatch",
    /tensor "a"/,
  ],
  ["a negative dimension", fileOf({ a: entry(0, 4, [-1]) }, 4), "bad-shape", /\[-1\]/],
  ["two negative dimensions", fileOf({ a: entry(0, 4, [-1, -1]) }, 4), "bad-shape", /\[-1,-1\]/],
  ["a fractional dimension", fileOf({ a: entry(0, 4, [0.5, 2]) }, 4), "bad-shape", /0\.5/],
  ["a dimension that is text", fileOf({ a: entry(0, 4, ["1"]) }, 4), "bad-shape", /\["1"\]/],
  ["a dimension of 1e300", fileOf({ a: entry(0, 4, [1e300]) }, 4), "bad-shape", /1e\+300/],
  ["nine dimensions", fileOf({ a: entry(0, 4, Array(9).fill(1)) }, 4), "bad-shape", /at most 8/],
  ["a shape that is not a list", fileOf({ a: entry(0, 4, { length: 1 }) }, 4), "bad-shape", /tensor "a"/],
  [
    "offsets that are null, as NaN is written",
    fileOf({ a: { ...entry(0, 4), data_offsets: [NaN, 4] } }, 4),
    "bad-offsets",
    /\[null,4\]/,
  ],
  [
    "offsets written NaN",
    fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[NaN,4]}}', 4),
    "not-json",
    /is not JSON/,
  ],
  [
    "offsets the wrong way round",
    fileOf({ a: { ...entry(0, 4), data_offsets: [4, 0] } }, 4),
    "bad-offsets",
    /\[4,0\]/,
  ],
  [
    "a negative offset",
    fileOf({ a: { ...entry(0, 4), data_offsets: [-4, 0] } }, 4),
    "bad-offsets",
    /\[-4,0\]/,
  ],
  [
    "a fractional offset",
    fileOf({ a: { ...entry(0, 4), data_offsets: [0.5, 4.5] } }, 8),
    "bad-offsets",
    /0\.5/,
  ],
  [
    "three offsets",
    fileOf({ a: { ...entry(0, 4), data_offsets: [0, 4, 8] } }, 8),
    "bad-offsets",
    /\[0,4,8\]/,
  ],
  [
    "an offset beyond 2^53",
    fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740992,9007199254740996]}}', 4),
    "bad-offsets",
    /9007199254740992/,
  ],
  [
    "tensors that overlap",
    fileOf({ a: entry(0, 8), b: entry(4, 12) }, 12),
    "overlap",
    /"b" of hostile\.safetensors begins at byte \d+, inside tensor "a"/,
  ],
  [
    "two tensors on the same bytes",
    fileOf({ a: entry(0, 4), b: entry(0, 4) }, 4),
    "overlap",
    /inside tensor "a"/,
  ],
  ["a hole at the front", fileOf({ a: entry(4, 8) }, 8), "hole", /before tensor "a", belong to no tensor/],
  ["a hole in the middle", fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), "hole", /before tensor "b"/],
  [
    "bytes after the last tensor",
    fileOf({ a: entry(0, 4) }, 5),
    "trailing-bytes",
    /has 1 bytes after its last tensor/,
  ],
  ["bytes and no tensor", fileOf({}, 5), "trailing-bytes", /5 bytes/],
  [
    "a tensor beyond the end",
    fileOf({ a: entry(0, 4), b: entry(4, 400) }, 12),
    "truncated",
    /tensor "b" goes on to byte/,
  ],
];

for (const [what, bytes, code, message] of hostile) {
  test(`refuses ${what}: ${code}`, async () => {
    const error = await failure(bytes);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain("hostile.safetensors");
    expect(error.message.length).toBeLessThan(700);
  });
}

test("refuses more tensors than any model has", async () => {
  const many = Object.fromEntries(Array.from({ length: 262_145 }, (_, i) => [`t${i}`, entry(0, 0)]));
  expect((await failure(fileOf(many))).code).toBe("too-many-tensors");
});

test("a tensor may be called __proto__ or 0, and nothing is polluted", async () => {
  const text = `{"__proto__":${JSON.stringify(entry(0, 4))},"0":${JSON.stringify(entry(4, 8))}}`;
  const { tensors } = await read(fileOf(text, 8));
  expect(tensors.map(({ name }) => name)).toEqual(["__proto__", "0"]);
  expect(Object.keys({})).toEqual([]);
});

test("a hostile header is refused before its data or a large length is read", async () => {
  const file = memoryFile("m", fileOf("{}", 0, 2n ** 60n));
  const reads: number[] = [];
  const watched = {
    ...file,
    size: 2 ** 50,
    read: (offset: number, length: number) => (reads.push(length), file.read(offset, length)),
  };
  await expect(readSafetensorsHeader(watched, "m")).rejects.toThrow(/claims a header/);
  expect(reads).toEqual([8]);
});

test("property: what serialiseHeader writes is read back, in its order, at its places", async () => {
  const tensor = fc.record({
    name: fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((name) => name !== "__metadata__"),
    dtype: fc.constantFrom("F32", "F16", "BF16", "I64", "BOOL"),
    shape: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
  });
  const sizes: Record<string, number> = { F32: 4, F16: 2, BF16: 2, I64: 8, BOOL: 1 };
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(tensor, { selector: ({ name }) => name }),
      fc.dictionary(fc.string(), fc.string()),
      async (list, metadata) => {
        const tensors = list.map((item) => ({
          ...item,
          bytes: item.shape.reduce((a, b) => a * b, sizes[item.dtype]!),
        }));
        const head = serialiseHeader(tensors, new Map(Object.entries(metadata)));
        expect(head.length % 8).toBe(0);
        const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
        const header = await read(concatBytes([head, new Uint8Array(total)]));
        expect(header.dataStart).toBe(head.length);
        expect(
          header.tensors.map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes })),
        ).toEqual(tensors);
        expect(Object.fromEntries(header.metadata)).toEqual({ ...metadata });
      },
    ),
    { numRuns: 300 },
  );
});
