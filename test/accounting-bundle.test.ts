import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const entry = fileURLToPath(new URL("../src/accounting/index.ts", import.meta.url));

describe("the bundle of dpzo/accounting", () => {
  test("is under 48,000 bytes minified, runs in a browser and imports nothing", async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      metafile: true,
      write: false,
    });
    expect(Object.keys(metafile.inputs).filter((path) => !path.includes("src/accounting/"))).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    expect(outputFiles[0]!.contents.length).toBeLessThan(48_000);
  });
});
