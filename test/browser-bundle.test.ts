/**
 * `dpzo` is for browsers too: its bundle asks for no module of Node's, and plans, verifies and replays in one as it does in
 * Node. `dpzo/accounting` has a test of its own.
 */
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";

import { transformSync } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";

import * as dpzo from "../src/index.js";
import { chromium, runPage } from "./support/chromium.js";
import { bundle, type Bundle, coreBundle, hostModules, workBundle } from "./support/core-bundle.js";
import { type CoreAnswer, type CoreWork, coreWork } from "./support/core-entry-work.js";
import { repositoryPath } from "./support/shared.js";
import { tinyModel } from "./support/tiny-model.js";

interface Golden {
  readonly ledger: readonly string[];
  /** SHA-256 of `model.safetensors`. */
  readonly model: string;
}

const goldens = Object.fromEntries(
  [1, 2].flatMap((format) => {
    const text = readFileSync(repositoryPath(`test/golden/plan-${format}.json`), "utf8");
    return Object.entries(JSON.parse(text) as Record<string, Golden>).map(([name, golden]) => [
      `${format} ${name}`,
      golden,
    ]);
  }),
);
const work: CoreWork = {
  model: Object.fromEntries(
    [...tinyModel().files].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
  ),
  ledgers: Object.fromEntries(Object.entries(goldens).map(([name, { ledger }]) => [name, ledger])),
};

let core: Bundle;
let inNode: CoreAnswer;
beforeAll(async () => {
  core = await coreBundle();
  inNode = await coreWork(dpzo, work);
});

describe("the bundle of dpzo", () => {
  test("asks for no module of Node's, nor for any other", () => {
    expect(hostModules(core)).toEqual([]);
    const inputs = Object.keys(core.metafile.inputs);
    expect(inputs.filter((path) => path.startsWith("node:") || builtinModules.includes(path))).toEqual([]);
    expect(inputs.filter((path) => /^src\/(node|cli|demo)\//u.test(path))).toEqual([]);
    expect(inputs.filter((path) => /node_modules\/(csv-parse|onnxruntime-node)\//u.test(path))).toEqual([]);
  });

  test("a bundle with a module of Node's in it is seen: the data room, which reads CSV by a stream", async () => {
    await expect(bundle("src/data/index.ts", {})).rejects.toThrow(/Could not resolve "stream"/u);
    const folder = await bundle("src/files.ts", {});
    expect(hostModules(folder)).toEqual([]);
  });

  test("is of about the size that docs/benchmarks.md records", () => {
    const bytes = core.code.length;
    const page = readFileSync(repositoryPath("docs/benchmarks.md"), "utf8");
    const [, recorded = ""] = /`dpzo`, bundled and minified[^:]*: ([\d,]+) bytes/u.exec(page) ?? [];
    console.log(`dpzo for browsers: ${bytes} bytes, ${gzipSync(core.code, { level: 9 }).length} with gzip`);
    expect(Math.abs(bytes / Number(recorded.replaceAll(",", "")) - 1)).toBeLessThan(0.05);
  });
});

test("the work in Node is that of the golden ledgers", () => {
  const digests = Object.entries(goldens).map(([name, { model }]) => [name, model]);
  const found = Object.entries(inNode.replays).map(([name, { files }]) => [name, files["model.safetensors"]]);
  expect(found).toEqual(digests);
  expect(inNode.refusal).toMatch(/expected number, received string/u);
});

test.skipIf(chromium === undefined)(
  "in headless Chromium it plans, verifies and replays to the same bytes (needs Debian's chromium)",
  async () => {
    const answer = await runPage(chromium!, {
      "/dpzo.js": core.code,
      "/work.js": (await workBundle()).code,
      "/page.js": `import * as dpzo from "/dpzo.js";
import { coreWork } from "/work.js";
export const answer = coreWork(dpzo, ${JSON.stringify(work)});`,
    });
    expect(toTwelveDigits(answer)).toBe(toTwelveDigits(inNode));
  },
);

/** Math.exp and its kin differ by a bit between V8 versions, and with them the last digit of a computed epsilon. */
function toTwelveDigits(answer: unknown): string {
  return JSON.stringify(answer, undefined, 1).replaceAll(/\d+\.\d{9,}/gu, (digits) =>
    Number(digits).toPrecision(12),
  );
}

test("where there are web globals and nothing else, it plans, verifies and replays to the same bytes", async () => {
  const globals = { atob, crypto, TextDecoder, TextEncoder, WebAssembly, Uint8Array };
  const context = createContext(globals);
  const script = `${asScript(core, "dpzo")}\n${asScript(await workBundle(), "work")}`;
  const run = `${script}\nwork.coreWork(dpzo, ${JSON.stringify(work)}).then(JSON.stringify)`;
  const answer: unknown = JSON.parse(await (runInContext(run, context) as Promise<string>));
  expect(answer).toEqual(inNode);
  expect(runInContext("typeof process + typeof Buffer + typeof require", context)).toBe(
    "undefinedundefinedundefined",
  );
});

/** A module's code as a script that leaves its exports in a variable. */
function asScript({ code }: Bundle, name: string): string {
  return transformSync(code, { format: "iife", globalName: name, target: "es2022" }).code;
}
