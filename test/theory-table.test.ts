import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { withGenerated } from "../tools/figures/generated.js";
import { privacyScript, privacyTable } from "../tools/figures/privacy-table.js";
import { theoryScript, theoryTables } from "../tools/figures/theory-table.js";
import { repositoryPath } from "./support/shared.js";

const number = /\d+(?:\.\d+)?(?:e[+-]?\d+)?/gu;

/** The words must agree; a figure may have moved in its last digits with the accountant's precision. */
function expectCurrent(path: string, script: string, computed: string): void {
  const page = readFileSync(repositoryPath(path), "utf8");
  const fresh = withGenerated(page, script, computed);
  expect(page.replaceAll(number, "0")).toBe(fresh.replaceAll(number, "0"));
  const stated = [...page.matchAll(number)].map(([figure]) => Number(figure));
  [...fresh.matchAll(number)].forEach(([figure], i) => {
    expect(stated[i], `figure ${i} of ${path}`).toBeGreaterThanOrEqual(Number(figure) * (1 - 2e-3));
    expect(stated[i], `figure ${i} of ${path}`).toBeLessThanOrEqual(Number(figure) * (1 + 2e-3));
  });
}

test("the tables of docs/theory.md are what the code computes (npx tsx tools/figures/theory-table.ts)", () => {
  expectCurrent("docs/theory.md", theoryScript, theoryTables());
});

test("the table of docs/privacy.md is what the code computes (npx tsx tools/figures/privacy-table.ts)", () => {
  expectCurrent("docs/privacy.md", privacyScript, privacyTable());
});
