import { describe, expect, test } from "vitest";

import { memoryFolder } from "../files.js";
import { CheckpointError, excerpt, openCheckpoint, serialiseHeader } from "./index.js";
import { parseJsonObject } from "./json.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): unknown => parseJsonObject(bytes(text), "x.json");

function failure(text: string): CheckpointError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
  throw new Error("accepted");
}

describe("nesting is bounded before anything is built", () => {
  const deep: readonly (readonly [string, string])[] = [
    ["lists", `{"a":${"[".repeat(2_000_000)}`],
    ["closed lists", `{"a":${"[".repeat(500_000)}${"]".repeat(500_000)}}`],
    ["objects", `${'{"a":'.repeat(400_000)}1${"}".repeat(400_000)}`],
    ["lists in objects", `{"hidden_act":${'[{"a":'.repeat(100)}1${"}]".repeat(100)}}`],
    ["after strings with quotes and brackets", `{"a":"\\"}]","b":"\\\\","c":${"[".repeat(65)}`],
  ];
  for (const [what, text] of deep) {
    test(what, () => {
      expect(failure(text)).toMatchObject({ code: "too-deep" });
      expect(failure(text).message.length).toBeLessThan(300);
    });
  }

  test("64 deep is read, and brackets in strings do not count", () => {
    const text = `{"a":${"[".repeat(63)}1${"]".repeat(63)}}`;
    expect(parse(text)).toEqual(JSON.parse(text));
    const brackets = JSON.stringify({ a: "[{".repeat(100_000), '\\"[': '\\\\"{"' });
    expect(parse(brackets)).toEqual(JSON.parse(brackets));
  });

  test("a folder's config.json and header are read that way", async () => {
    const nested = bytes(`{"a":${"[".repeat(1_000_000)}`);
    const header = new Uint8Array(8 + nested.length);
    new DataView(header.buffer).setBigUint64(0, BigInt(nested.length), true);
    header.set(nested, 8);
    const good = serialiseHeader([], new Map());
    for (const [config, weights] of [
      [nested, good],
      [bytes("{}"), header],
    ] as const) {
      const folder = memoryFolder("base", { "config.json": config, "model.safetensors": weights });
      await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: "too-deep" });
    }
  });
});

describe("text that is no JSON is named as such", () => {
  for (const text of [
    "",
    "{",
    "]".repeat(100_000),
    '{"a',
    '{"a\\',
    '{"a":"\\"',
    "[1]",
    '{"a":1}}',
    "{'a':1}",
  ]) {
    test(JSON.stringify(text.slice(0, 20)), () => {
      expect(failure(text)).toMatchObject({ code: "not-json" });
      expect(failure(text).message.length).toBeLessThan(300);
    });
  }
});

test("keys twice are found whatever stands between, in strings of any length", () => {
  const long = "x".repeat(8_000_000);
  expect(parse(JSON.stringify({ a: long, b: { a: long } }))).toEqual({ a: long, b: { a: long } });
  expect(failure(`{"a":"${long}","b":[{"a":1}],"a" \n :2}`)).toMatchObject({ code: "duplicate-key" });
  expect(failure(String.raw`{"a":{"b":"\\","b":2}}`)).toMatchObject({ code: "duplicate-key" });
  expect(failure(String.raw`{"\u0061":1,"a":2}`)).toMatchObject({ code: "duplicate-key" });
  expect(failure(`{"${long}":1,"${long}":2}`).message.length).toBeLessThan(300);
  // A value is no key, though it has a key's text.
  expect(parse('{"a":"a","b":["a","a"]}')).toEqual({ a: "a", b: ["a", "a"] });
});

test("a header of 100,000 tensors is read whole", async () => {
  const entries = Array.from({ length: 100_000 }, (_, at) => ({
    name: `layer.${at}.weight`,
    dtype: "F32",
    shape: [1],
    bytes: 4,
  }));
  const head = serialiseHeader(entries, new Map());
  const file = new Uint8Array(head.length + 400_000);
  file.set(head);
  const folder = memoryFolder("base", { "config.json": bytes("{}"), "model.safetensors": file });
  expect((await openCheckpoint(folder)).tensors.size).toBe(100_000);
});

test("excerpts are short, whatever the value", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  expect(excerpt("a\nb")).toBe('"a\\nb"');
  expect(excerpt(Infinity)).toBe("Infinity");
  expect(excerpt(undefined)).toBe("undefined");
  expect(excerpt("x".repeat(20_000))).toMatch(/^"x{99}\.\.\. \(20002 characters\)$/u);
  for (const value of [circle, deep, 1n, Symbol("x"), () => 1])
    expect(excerpt(value).length).toBeLessThan(200);
});
