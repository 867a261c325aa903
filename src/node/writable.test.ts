import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { checkWritable } from "./writable.js";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dpzo-writable-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const files = { names: ["config.json"], bytes: 100 };

test("a folder that can be written to passes and is left as it was, made or not", async () => {
  await checkWritable(at("new/and/deep"), files);
  expect(readdirSync(folder)).toEqual([]);
  mkdirSync(at("old"));
  await checkWritable(at("old/model"), files);
  await checkWritable(at("old"), files);
  expect(readdirSync(at("old"))).toEqual([]);
});

test("a file in the place of the folder, or above it, is refused", async () => {
  writeFileSync(at("file"), "x");
  for (const path of ["file", "file/model"]) {
    await expect(checkWritable(at(path), files)).rejects.toMatchObject({ code: "not-a-folder" });
  }
});

test("a folder in the place of a file is refused, and a link that leads nowhere", async () => {
  mkdirSync(at("model/config.json"), { recursive: true });
  await expect(checkWritable(at("model"), files)).rejects.toMatchObject({ code: "not-a-file" });
  symlinkSync(at("nowhere/at/all"), at("link"));
  await expect(checkWritable(at("link"), files)).rejects.toThrow(/link/u);
  expect(existsSync(at("nowhere"))).toBe(false);
});

test("more bytes than the disk has room for are refused before anything is written", async () => {
  await expect(checkWritable(at("model"), { names: [], bytes: 2 ** 60 })).rejects.toMatchObject({
    code: "no-space",
  });
  expect(readdirSync(folder)).toEqual([]);
});
