import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { makeFolders } from "./make-folders.js";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dpzo-make-folders-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("what is not there is made, and the topmost of it named", async () => {
  expect(await makeFolders(at("a/b/c"))).toBe(at("a"));
  expect(await makeFolders(at("a/b/c"))).toBeUndefined();
  expect(await makeFolders(at("a/b/d/"))).toBe(at("a/b/d"));
  expect(await makeFolders(relative(process.cwd(), at("e/f")))).toBe(at("e"));
  expect(existsSync(at("e/f"))).toBe(true);
});

test("several at once end in one folder", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => makeFolders(at("x/y/z"))));
  expect(existsSync(at("x/y/z"))).toBe(true);
  expect(made.filter((path) => path === at("x"))).toHaveLength(1);
});

test("a file in the way is Node's error, and a link to a folder is a folder", async () => {
  writeFileSync(at("file"), "x");
  mkdirSync(at("there"));
  symlinkSync("there", at("link"));
  symlinkSync("nowhere", at("dangling"));
  await expect(makeFolders(at("file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolders(at("file/below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(makeFolders(at("dangling"))).rejects.toMatchObject({ code: "EEXIST" });
  expect(await makeFolders(at("link/in"))).toBe(at("link/in"));
});

test.runIf(process.platform === "linux")("a folder in which nothing can be made is an error", async () => {
  await expect(makeFolders("/proc/dpzo/deep")).rejects.toMatchObject({ code: "ENOENT" });
});
