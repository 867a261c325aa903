import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";

import { repositoryPath } from "./support/shared.js";

/** A test file named in a table cell, with the beginnings of test names that follow it there. */
interface Claim {
  readonly file: string;
  readonly names: readonly string[];
}

/** What the last cell of a row claims; a bare file name is beside the file before it. */
function claims(cell: string): Claim[] {
  const found: { file: string; names: string[] }[] = [];
  for (const [, file, name] of cell.matchAll(/`([\w./-]+\.test\.ts)`|"([^"]+)"/gu)) {
    const before = found[found.length - 1];
    if (file !== undefined) {
      const folder = file.includes("/") ? "" : dirname(before?.file ?? "");
      found.push({ file: join(folder, file), names: [] });
    } else if (name !== undefined) before?.names.push(name);
  }
  return found;
}

const rows = readFileSync(repositoryPath("docs/pitfalls.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|") && line.includes(".test.ts"));

test("every test that docs/pitfalls.md names is in the file it names", () => {
  expect(rows.length).toBeGreaterThan(50);
  const missing = rows.flatMap((row) =>
    claims(row.split(" | ").pop() ?? "").flatMap(({ file, names }) => {
      const path = repositoryPath(file);
      if (!existsSync(path)) return [file];
      const text = readFileSync(path, "utf8");
      // A name may stand after what a template puts before it.
      const begins = (name: string): boolean =>
        new RegExp(`\\(\\s*["'\`](?:\\$\\{[^}]+\\}[:\\s]*)*${escaped(name)}`, "u").test(text);
      return names.filter((name) => !begins(name)).map((name) => `${file} "${name}"`);
    }),
  );
  expect(missing).toEqual([]);
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&");
}
