/** `dpzo compare` through the built command on the tiny model: a grid, its page, and going on where it was stopped. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { dpzo, ensureBuilt } from "./support/built-cli.js";
import { jsonLines, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-compare-"));
const base = join(folder, "base");
const files = {
  data: join(folder, "train.jsonl"),
  dev: join(folder, "dev.jsonl"),
  test: join(folder, "test.jsonl"),
};
const settings = join(folder, "settings.yaml");
const out = join(folder, "out");

const command = (...more: string[]): string[] => [
  ...["compare", "--model", base, "--data", files.data, "--dev", files.dev, "--test", files.test],
  ...["--template", "{text} it was {mask} .", "--label-words", "terrible,great", "--maximum-tokens", "32"],
  ...["--epsilon", "1000", "--seeds", "2", "--settings", settings, "--out", out, "--json", ...more],
];

interface Answer {
  readonly table: readonly {
    readonly name: string;
    readonly steps: number;
    readonly forwardPasses: number;
  }[];
}

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), base);
  writeFileSync(files.data, jsonLines(tinyRecords(24)));
  writeFileSync(files.dev, jsonLines(tinyRecords(12, 2)));
  writeFileSync(files.test, jsonLines(tinyRecords(12, 3)));
  writeFileSync(
    settings,
    `dpzero:
  - {train: [all], steps: 3, batch: 8, learningRate: 0.01, clip: 5}
  - {train: [all], steps: 3, batch: 8, learningRate: 0.1, clip: 5}
mezo:
  - {train: [all], steps: 3, batch: 8, learningRate: 0.01}
low-rank:
  - {method: dp-aggzo, adapter: lora, loraRank: 2, steps: 2, batch: 8, directions: 2, learningRate: 0.01, clip: 5}
grow-downwards:
  - {method: dp-zopo, train: [head, all], stages: 2, steps: 6, batch: 8, directions: 2, learningRate: 0.01, clip: 5}
`,
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const names = (): string[] => readdirSync(join(out, "cells")).filter((name) => !name.startsWith("."));

test("a grid is run once, its page is written, and a missing run is done again alone", async () => {
  const methods = ["--methods", "zero-shot,dpzero,mezo,grow-downwards,low-rank"];
  const first = await dpzo(...command(...methods));
  expect(first.code, first.stderr).toBe(0);
  const { table } = JSON.parse(first.stdout) as Answer;
  expect(table.map(({ name, steps }) => [name, steps])).toEqual([
    ["zero-shot", 0],
    ["dpzero", 3],
    ["mezo", 3],
    ["grow-downwards", 6],
    ["low-rank", 2],
  ]);
  expect(table[1]?.forwardPasses).toBe(3 * 8 * 2);
  expect(names()).toHaveLength(1 + 2 + 2 + 2 + 2 + 2);
  expect(readFileSync(join(out, "compare.html"), "utf8")).toContain("grow-downwards");

  const [lost = ""] = names();
  rmSync(join(out, "cells", lost));
  const again = await dpzo(...command(...methods));
  expect(again.code, again.stderr).toBe(0);
  expect(again.stderr.match(/runs done/gu)).toHaveLength(1);
  expect(names()).toContain(lost);
}, 120_000);

test("forward passes lower the steps, and too few are refused", async () => {
  const limited = await dpzo(...command("--methods", "dpzero", "--forward-passes", "40"));
  expect((JSON.parse(limited.stdout) as Answer).table[0]).toMatchObject({ steps: 2, forwardPasses: 32 });
  const refused = await dpzo(...command("--methods", "dpzero", "--forward-passes", "3"));
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("budget-too-small");
  expect(refused.stdout).toBe("");
}, 120_000);

test("an unknown name, a bad setting and a bad budget are refused by name", async () => {
  const unknown = await dpzo(...command("--methods", "dp-sgd"));
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("dp-sgd")]);
  writeFileSync(join(folder, "bad.yaml"), "dpzero:\n  - {learning: 3}\n");
  const bad = await dpzo(...command("--methods", "dpzero", "--settings", join(folder, "bad.yaml")));
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining("bad-settings")]);
  const fresh = join(folder, "fresh");
  const missing = await dpzo(...command("--data", join(folder, "none.jsonl"), "--out", fresh));
  expect([missing.code, existsSync(fresh)]).toEqual([3, false]);
  const budget = await dpzo(...command("--methods", "dpzero", "--epsilon", "2,zero"));
  expect([budget.code, budget.stderr]).toEqual([2, expect.stringContaining("zero")]);
}, 60_000);

test("prefix tuning, under which nothing kept of the base is true, is refused by name", async () => {
  const prefixed = join(folder, "prefixed.yaml");
  writeFileSync(prefixed, "virtual:\n  - {method: dpzero, adapter: prefix, steps: 2, batch: 8, clip: 5}\n");
  const at = ["--methods", "virtual", "--settings", prefixed, "--out", join(folder, "prefixed")];
  const { code, stderr } = await dpzo(...command(...at));
  expect([code, stderr]).toEqual([2, expect.stringContaining("does not run prefix tuning")]);
}, 60_000);
