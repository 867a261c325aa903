import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { withGenerated } from "../tools/figures/generated.js";
import { theoryScript, theoryTables } from "../tools/figures/theory-table.js";
import { repositoryPath } from "./support/shared.js";

test("the tables of docs/theory.md are what the code computes (npx tsx tools/figures/theory-table.ts)", () => {
  const page = readFileSync(repositoryPath("docs/theory.md"), "utf8");
  expect(withGenerated(page, theoryScript, theoryTables())).toBe(page);
});
