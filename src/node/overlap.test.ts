import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { findOverlap } from "./overlap.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-overlap-"));
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(() => {
  for (const name of ["base", "other", "run/model"]) mkdirSync(at(name), { recursive: true });
  for (const name of ["data.csv", "base/config.json", "run/model/rows.csv", "run/notes.csv"]) {
    writeFileSync(at(name), "x");
  }
  symlinkSync(at("base"), at("link"));
  symlinkSync(at("run/model/rows.csv"), at("rows.csv"));
  linkSync(at("data.csv"), at("hard.csv"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Whether an input would be overwritten by outputs. */
async function meets(input: string, outputs: { files?: string[]; folders?: string[] }): Promise<boolean> {
  const named = (paths: string[] = []) => paths.map((path) => ({ name: "--out", path }));
  const found = await findOverlap([{ name: "--in", path: input }], {
    files: named(outputs.files),
    folders: named(outputs.folders),
  });
  return found !== undefined;
}

test("one folder under two names is one folder: links, `..`, a slash at the end", async () => {
  for (const out of ["base", "link", "other/../base", "base/", "link/.", "run/../link"]) {
    expect(await meets(at("base"), { folders: [`${folder}/${out}`] }), out).toBe(true);
  }
  expect(await meets(at("link"), { folders: [at("base")] })).toBe(true);
});

test("one file under two names is one file: a hard link, a link, another way there", async () => {
  for (const out of ["data.csv", "hard.csv", "other/../data.csv"]) {
    expect(await meets(at("data.csv"), { files: [`${folder}/${out}`] }), out).toBe(true);
  }
});

test("an input in a folder where any file may be written is met, through a link to it too", async () => {
  for (const input of ["run/model/rows.csv", "rows.csv"]) {
    expect(await meets(at(input), { folders: [at("run/model")] }), input).toBe(true);
  }
});

test("a checkpoint is met by a file that would be written into it, be that there yet or not", async () => {
  expect(await meets(at("base"), { files: [at("base/metrics.json")] })).toBe(true);
  expect(await meets(at("base"), { files: [at("link/config.json")] })).toBe(true);
});

test("paths that only look alike, lie beside each other or are not there meet nothing", async () => {
  expect(await meets(at("base"), { folders: [at("other"), at("base-2"), at("base/run")] })).toBe(false);
  expect(
    await meets(at("run/notes.csv"), { files: [at("run/metrics.json")], folders: [at("run/model")] }),
  ).toBe(false);
  expect(await meets(at("missing"), { folders: [at("base")], files: [at("missing")] })).toBe(false);
  expect(await meets(at("base"), { folders: [folder] })).toBe(false);
});
