/** What a run that fails on private records leaves on the process's own file descriptors, a runtime's logger included. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { ended, ensureBuilt } from "./support/built-cli.js";
import { repositoryPath } from "./support/shared.js";
import { jsonLines, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-private-failure-"));
const base = join(folder, "base");
const data = join(folder, "data.jsonl");
const canary = "quokkaville";

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), base);
  writeFileSync(
    data,
    jsonLines(tinyRecords(40).map((record) => ({ ...record, text: `${record.text} ${canary}` }))),
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Descriptors 1 and 2 are pipes, so that what native code writes is caught as well. */
const failingRun = (where: string) =>
  ended(
    spawn(process.execPath, [repositoryPath("test/support/private-failure.mjs"), where, base, data], {
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );

const messages: readonly [where: string, words: RegExp, told: RegExp][] = [
  ["prefix", /forward passes on private records failed/u, /^plan\n$/u],
  ["step", /forward passes on private records failed/u, /step\n$/u],
  ["reading", /Reading the private records failed/u, /^$/u],
];
for (const [where, words, told] of messages) {
  test(`a run that fails at "${where}" says one sentence on stderr: no id, no text, nothing of the runtime`, async () => {
    const { code, stdout, stderr } = await failingRun(where);
    expect(code).toBe(1);
    expect(stdout).toMatch(told);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain("[private-side-failed]");
    expect(`${stdout}${stderr}`).not.toMatch(/onnxruntime|quokka|cannot|Status|broadcast|idx|node/iu);
    // No token id, no dimension, no place in a file of code.
    expect(stderr).not.toMatch(/\d/u);
  });
}

test("the child does fail where it is told to, and not when it is told nothing", async () => {
  const { code, stdout, stderr } = await failingRun("nowhere");
  expect(code, stderr).toBe(0);
  expect(stdout.match(/step/gu)).toHaveLength(4);
});
