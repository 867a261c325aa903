import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

test("theory imports from its own folder and from the accountant's public names, and nothing else", () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  expect(sources.length).toBeGreaterThan(8);
  for (const name of sources) {
    for (const [, from] of readFileSync(`${folder}${name}`, "utf8").matchAll(
      /^(?:import|export|\}).* from "([^"]+)"/gmu,
    )) {
      expect(from, name).toMatch(/^(\.\/[a-z-]+\.js|\.\.\/accounting\/index\.js)$/u);
    }
  }
});
