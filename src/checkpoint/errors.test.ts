import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

test("docs/checkpoints.md says what each code means", () => {
  const source = readFileSync("src/checkpoint/errors.ts", "utf8");
  const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
  const docs = readFileSync("docs/checkpoints.md", "utf8");
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !docs.includes(`\`${code ?? ""}\``))).toEqual([]);
});
