import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

import { repositoryPath } from "../../test/support/shared.js";
import { run } from "./main.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dpzo-long-"));
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** As long as the longest value that was seen in a message. */
const long = "q".repeat(13_660);
const model = repositoryPath("models/minilm-mlm");

/** What a command line says on stderr and stdout, and its exit code. */
async function told(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const written: string[] = [];
  const take = (text: unknown): boolean => written.push(String(text)) > 0;
  vi.spyOn(process.stderr, "write").mockImplementation(take);
  vi.spyOn(process.stdout, "write").mockImplementation(take);
  const code = await run(args);
  vi.restoreAllMocks();
  return { code, text: written.join("") };
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const task = ["--template", "{text} it was {mask} .", "--label-words", "bad,good"];
const event = (value: unknown): string => JSON.stringify(value);
const cases: readonly (readonly [what: string, args: () => readonly string[]])[] = [
  ["an unknown flag", () => ["plan", `--${long}`]],
  ["an unknown command", () => [long]],
  ["a flag that is no number", () => ["plan", "--epsilon", long]],
  ["a flag of a closed list", () => ["plan", "--method", long]],
  ["a task", () => ["plan", "--task", long, "--model", model]],
  ["a preset", () => ["plan", "--preset", long, "--model", model, ...task]],
  [
    "a template",
    () => ["eval", "--model", model, "--data", "x.csv", "--template", long, "--label-words", "a,b"],
  ],
  [
    "a template with a brace",
    () => ["eval", "--model", model, "--data", "x.csv", "--template", `{${long}`, "--label-words", "a,b"],
  ],
  [
    "label words",
    () => [
      "eval",
      "--model",
      model,
      "--data",
      "x.csv",
      "--template",
      "{text} {mask}",
      "--label-words",
      `${long},,`,
    ],
  ],
  [
    "many label words",
    () => ["eval", "--model", model, "--data", "x.csv", ...task, "--label-words", "a,".repeat(7000)],
  ],
  [
    "a model folder",
    () => ["eval", "--model", join(folder, "m".repeat(200), long), "--data", "x.csv", ...task],
  ],
  ["a file", () => ["plan", "--model", model, "--data", `${long}.csv`, ...task, "--epsilon", "1"]],
  ["an extension", () => ["plan", "--model", model, "--data", `a.${long}`, ...task, "--epsilon", "1"]],
  [
    "a column",
    () => [
      "plan",
      "--model",
      model,
      "--data",
      file("a.csv", "a,b\n1,2\n"),
      ...task,
      "--epsilon",
      "1",
      "--label",
      long,
    ],
  ],
  [
    "a name in a header",
    () => ["plan", "--model", model, "--data", file("b.csv", `${long},b\n1,2\n`), ...task, "--epsilon", "1"],
  ],
  [
    "a key of a row",
    () => ["plan", "--model", model, "--data", file("c.jsonl", `{"${long}":1}\n`), ...task, "--epsilon", "1"],
  ],
  ["a setting of a config file", () => ["train", "--config", file("d.json", `{"${long}":1}`)]],
  [
    "a value of a config file",
    () => ["train", "--config", file("e.json", JSON.stringify({ method: long, epsilon: long }))],
  ],
  ["a config file that is no YAML", () => ["train", "--config", file("f.yaml", `a: [${long}\nb: "\n`)]],
  [
    "the name of an event",
    () => ["account", "--delta", "1e-5", "--event", file("g.json", event({ kind: long }))],
  ],
  [
    "an event of another form",
    () => ["account", "--delta", "1e-5", "--event", file("h.json", event({ class_name: long }))],
  ],
  ["an event file that is no JSON", () => ["account", "--delta", "1e-5", "--event", file("i.json", long)]],
  ["a phase", () => ["account", "--delta", "1e-5", "--phase", long]],
  ["a ledger", () => ["verify", "--ledger", file("j.jsonl", `{"${long}":1}\n`)]],
];

for (const [what, args] of cases) {
  test(`what is said about ${what} of 13,660 characters is short, on stderr and in JSON`, async () => {
    for (const json of [[], ["--json"]]) {
      const { code, text } = await told(...args(), ...json);
      expect(code).not.toBe(0);
      expect(text).not.toBe("");
      expect(text).not.toContain("unexpected error");
      expect(text).not.toContain("q".repeat(201));
      expect(text.length).toBeLessThan(3500);
    }
  });
}

test("a private file in the place of another is not quoted", async () => {
  const rows = "my secret diagnosis: is X,1\n  fine: [day,0\n";
  for (const args of [
    ["train", "--config", file("rows.csv", rows)],
    [
      "compare",
      "--model",
      model,
      "--task",
      "sst2",
      "--data",
      "a.csv",
      "--dev",
      "a.csv",
      "--test",
      "a.csv",
      "--out",
      join(folder, "o"),
      "--settings",
      file("rows.csv", rows),
    ],
    ["account", "--delta", "1e-5", "--event", file("rows.csv", rows)],
    ["verify", "--ledger", file("rows.csv", rows)],
  ]) {
    const { code, text } = await told(...args);
    expect(code).not.toBe(0);
    expect(text).not.toMatch(/secret|diagnosis|fine/u);
    expect(text).not.toContain("unexpected error");
  }
});
