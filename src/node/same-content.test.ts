import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { haveSameContent } from "./same-content.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-same-"));
const at = (name: string) => join(folder, name);
const long = new Uint8Array(2 ** 20 + 5).fill(7);

beforeAll(() => {
  writeFileSync(at("a"), long);
  copyFileSync(at("a"), at("copy"));
  symlinkSync(at("a"), at("link"));
  writeFileSync(at("longer"), Buffer.concat([long, Buffer.of(7)]));
  const other = long.slice();
  other[other.length - 1] = 8;
  writeFileSync(at("last byte"), other);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a file, a copy of it and a link to it are the same; one byte more or another one is not", async () => {
  for (const same of ["a", "copy", "link"]) expect(await haveSameContent(at("a"), at(same)), same).toBe(true);
  for (const other of ["longer", "last byte"])
    expect(await haveSameContent(at("a"), at(other)), other).toBe(false);
});

test("a file that is not there is an error with its path", async () => {
  await expect(haveSameContent(at("a"), at("none"))).rejects.toMatchObject({
    code: "not-found",
    value: at("none"),
  });
});
