/**
 * The package as a user gets it: packed by npm, installed into an empty folder with nothing beside it, and used by its
 * command, by Node and by TypeScript.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { ensureBuilt } from "./support/built-cli.js";
import { type Ended, npmInstall, runIn } from "./support/npm.js";
import { repositoryPath } from "./support/shared.js";
import { jsonLines, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-packed-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const base = writeToDisk(tinyModel(), join(folder, "base"));
const installed = join(folder, "node_modules/dpzo");
const isInstalled = await packAndInstall();

/** Packs the built package and installs it; false where no registry can be reached. */
async function packAndInstall(): Promise<boolean> {
  await ensureBuilt();
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { code, stdout, stderr } = runIn(repositoryPath(""), "npm", pack);
  if (code !== 0) throw new Error(stderr);
  const [{ filename } = { filename: "" }] = JSON.parse(stdout) as { filename: string }[];
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  return npmInstall(folder, `./${filename}`);
}

interface Packed {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
const packed = (): Packed => JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Packed;
/** `dpzo`, `dpzo/node` ...: every entry that is code. */
const entries = (): string[] =>
  Object.keys(packed().exports)
    .filter((path) => !path.endsWith(".json"))
    .map((path) => `dpzo${path.slice(1)}`);

const npx = (...args: readonly string[]): Ended => runIn(folder, "npx", ["--no", "dpzo", ...args]);

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

describe.skipIf(!isInstalled)("the package in an empty folder (needs npm's registry or a warm cache)", () => {
  test("holds what it needs: no tests, no demo, every entry's files", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files.filter((path) => /\.test\.|(^|\/)demo(\/|$)/u.test(path))).toEqual([]);
    const named = Object.values(packed().exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : [entry.types, entry.default],
    );
    expect(named.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
    const beside = readdirSync(join(folder, "node_modules"));
    expect(
      Object.keys(packed().dependencies).filter((name) => !beside.includes(name.split("/")[0]!)),
    ).toEqual([]);
  });

  test("npx dpzo doctor finds the machine, the runtime and a checkpoint in order", () => {
    const { code, stdout, stderr } = npx("doctor", "--model", base, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ selfTest: "passed" });
  });

  test("20 steps of train, then verify, then replay to the same bytes", () => {
    const data = write("train.jsonl", jsonLines(tinyRecords(48)));
    const task = ["--template", "{text} it was {mask} .", "--label-words", "terrible,great"];
    const privacy = ["--epsilon", "1000", "--delta", "1e-5", "--clip", "4", "--seed", "3"];
    const steps = ["--steps", "20", "--batch", "24", "--directions", "2", "--learning-rate", "0.05"];
    const trained = npx(
      ...["train", "--model", base, "--data", data, "--out", "run", "--text", "text", "--label", "label"],
      ...[...task, "--maximum-tokens", "32", ...privacy, ...steps, "--json"],
    );
    expect([trained.code, trained.stderr]).toEqual([0, expect.any(String)]);
    const verified = npx("verify", "--ledger", "run/ledger.jsonl", "--json");
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ steps: 20 });
    const replayed = npx("replay", "--base", base, "--ledger", "run/ledger.jsonl", "--out", "again");
    expect([replayed.code, replayed.stderr]).toEqual([0, expect.any(String)]);
    expect(digests("again")).toEqual(digests("run/model"));
  });

  test("every entry of exports is imported by Node, and gives what the source gives", async () => {
    const script = `const names = {};
for (const entry of ${JSON.stringify(entries())}) names[entry] = Object.keys(await import(entry)).sort();
console.log(JSON.stringify(names));`;
    const { code, stdout, stderr } = runIn(folder, process.execPath, [write("import.mjs", script)]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const [entry, names] of Object.entries(JSON.parse(stdout) as Record<string, string[]>)) {
      const target = packed().exports[entry === "dpzo" ? "." : entry.replace("dpzo", ".")];
      const file = typeof target === "string" ? target : target!.default;
      const source = (await import(repositoryPath(file.replace("./dist/", "src/")))) as object;
      expect(names, entry).toEqual(Object.keys(source).sort());
    }
  });

  test.each(["NodeNext", "Bundler"])(
    "every entry of exports is read by tsc as %s, declarations checked",
    (way) => {
      const lines = entries().map((entry, i) => `import * as entry${i} from "${entry}";\nvoid entry${i};`);
      mkdirSync(join(folder, way), { recursive: true });
      write(
        `${way}/use.ts`,
        [
          ...lines,
          'import { guaranteeInWords, verifyLedger } from "dpzo";',
          "export const words: readonly string[] = guaranteeInWords(verifyLedger(new Uint8Array()));",
          "// @ts-expect-error a ledger is bytes, and the types say so",
          'verifyLedger("ledger.jsonl");',
        ].join("\n"),
      );
      const options = {
        ...{ noEmit: true, strict: true, skipLibCheck: false, lib: ["ES2023", "DOM"], types: [] },
        ...{ target: "ES2022", module: way === "Bundler" ? "ES2022" : "NodeNext", moduleResolution: way },
      };
      write(`${way}/tsconfig.json`, JSON.stringify({ compilerOptions: options, files: ["use.ts"] }));
      const tsc = repositoryPath("node_modules/typescript/bin/tsc");
      const { code, stdout } = runIn(folder, process.execPath, [tsc, "-p", way]);
      expect([code, stdout]).toEqual([0, ""]);
    },
  );
});

/** SHA-256 of every file of a folder. */
function digests(path: string): Readonly<Record<string, string>> {
  const files = readdirSync(join(folder, path), { withFileTypes: true, recursive: true });
  return Object.fromEntries(
    files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .sort()
      .map((file) => [
        file.slice(join(folder, path).length),
        createHash("sha256").update(readFileSync(file)).digest("hex"),
      ]),
  );
}
