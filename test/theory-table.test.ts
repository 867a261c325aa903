import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { withGenerated } from "../tools/figures/generated.js";
import { privacyScript, privacyTable } from "../tools/figures/privacy-table.js";
import { theoryScript, theoryTables } from "../tools/figures/theory-table.js";
import { repositoryPath } from "./support/shared.js";

function page(path: string): string {
  return readFileSync(repositoryPath(path), "utf8");
}

test("the tables of docs/theory.md are what the code computes (npx tsx tools/figures/theory-table.ts)", () => {
  const text = page("docs/theory.md");
  expect(withGenerated(text, theoryScript, theoryTables())).toBe(text);
});

test("the table of docs/privacy.md is what the code computes (npx tsx tools/figures/privacy-table.ts)", () => {
  const text = page("docs/privacy.md");
  expect(withGenerated(text, privacyScript, privacyTable())).toBe(text);
});
