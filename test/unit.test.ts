/**
 * `--unit`: whom a run protects when that is not the record. Library runs on the tiny model with real forward passes, and
 * the built command.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { DpzoError } from "../src/errors.js";
import type { TrainConfigInput } from "../src/plan/config.js";
import { latticeSensitivity } from "../src/plan/plan.js";
import type { TaskRecord } from "../src/tasks/index.js";
import { dpzo, ensureBuilt, type CommandResult } from "./support/built-cli.js";
import { extremeLoss, extremeWord, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";
import { keystream, pairedSecret, tinyRun, tinyRunWithoutPrivacy, type TinyRun } from "./support/tiny-run.js";

/** Records with their units, from pairs of a text record's index and a unit. */
function belonging(units: readonly unknown[], seed = 1): TaskRecord[] {
  return tinyRecords(units.length, seed).map((record, index) => ({ ...record, unit: units[index] }));
}

const valuesOf = ({ result }: TinyRun): readonly (readonly number[] | undefined)[] =>
  result.verified.entries.map(({ values }) => values);

test("each record its own unit is the run of records, value for value", async () => {
  const units = Array.from({ length: 40 }, (_, index) => `user ${String(index)}`);
  const records = belonging(units);
  const alone = await tinyRun({ records, secret: keystream(5) });
  const grouped = await tinyRun({ records, config: { unit: "user" }, secret: keystream(5) });
  expect(valuesOf(grouped)).toEqual(valuesOf(alone));
  expect(grouped.model.files.get("model.safetensors")).toEqual(alone.model.files.get("model.safetensors"));
  expect(alone.result.verified.plan).toMatchObject({ format: "dpzo-plan/1", privacy: { unit: "record" } });
  const { plan } = grouped.result.verified;
  expect(plan).toMatchObject({ format: "dpzo-plan/2", privacy: { unit: { column: "user" } } });
  expect({ ...plan, format: "dpzo-plan/1", privacy: { ...plan.privacy, unit: "record" } }).toEqual(
    alone.result.verified.plan,
  );
});

test("units of the same record twice release what each record once does: the loss of a unit is a mean", async () => {
  const once = tinyRecords(20);
  const twice = once.flatMap((record, unit) => [
    { ...record, unit },
    { ...record, unit },
  ]);
  const config = { publicSize: 20, batch: 10 };
  const alone = await tinyRun({ records: once, config, secret: keystream(6) });
  const doubled = await tinyRun({
    records: twice,
    config: { ...config, unit: "user" },
    secret: keystream(6),
  });
  expect(valuesOf(doubled)).toEqual(valuesOf(alone));
});

test("without --public-size the units are counted, and sampled, not the records", async () => {
  const units = Array.from({ length: 60 }, (_, index) => index % 12);
  const drawn: number[] = [];
  const stream = keystream(8);
  const { result } = await tinyRun({
    records: belonging(units),
    config: { unit: "user", publicSize: undefined, batch: 6, steps: 3 },
    secret: (out) => {
      stream(out);
      drawn.push(out.length);
    },
  });
  const { privacy, sampling } = result.verified.plan;
  expect(privacy.publicSize).toBe(12);
  expect(sampling).toMatchObject({ expectedBatch: 6, numerator: 2 ** 31 });
  expect(drawn.filter((length) => length === 4 * 12)).toHaveLength(3);
  expect(drawn).not.toContain(4 * 60);
});

/** Every record has a difference of more than this in some direction, so the clip always bites. */
const tinyClip = 1e-7;
const sensitivityModes: Readonly<Record<string, Partial<TrainConfigInput>>> = {
  "several directions under one clip": { method: "dp-aggzo", directions: 5, stages: 1 },
  "one direction, one-sided": {
    method: "dpzero",
    directions: undefined,
    stages: undefined,
    estimator: "one-sided",
  },
  "Laplace noise": { method: "dp-zo", directions: undefined, stages: undefined, delta: 0 },
};

for (const [name, mode] of Object.entries(sensitivityModes)) {
  test(`one whole unit more moves a release by the sensitivity that is accounted for, and no further: ${name}`, async () => {
    // The unit in question has 20 records between those of others, of whom each has one or two. Every unit is drawn.
    const all = belonging(
      Array.from({ length: 56 }, (_, index) =>
        index < 40 && index % 2 === 0 ? "it" : `u${String(index % 19)}`,
      ),
    );
    const run = (records: readonly TaskRecord[], units: number): Promise<TinyRun> =>
      tinyRun({
        records,
        config: { unit: "user", publicSize: 20, batch: 20, epsilon: 100, steps: 1, clip: tinyClip, ...mode },
        secret: pairedSecret(7, units),
      });
    const less = await run(
      all.filter(({ unit }) => unit !== "it"),
      19,
    );
    const more = await run(all, 20);
    const [before, after] = [valuesOf(less)[0]!, valuesOf(more)[0]!];
    const squares = after.reduce((sum, value, k) => sum + BigInt(value - before[k]!) ** 2n, 0n);
    expect(squares <= BigInt(latticeSensitivity) ** 2n).toBe(true);
    expect(Math.sqrt(Number(squares))).toBeGreaterThan(latticeSensitivity - after.length);
  });
}

test("a unit with one record whose loss is no number adds nothing, like a unit that is not there", async () => {
  const base = tinyModel(extremeLoss());
  const ordinary = belonging(Array.from({ length: 38 }, (_, index) => index % 19));
  const absurd = { ...tinyRecords(1)[0]!, text: extremeWord, unit: "x", line: 40 };
  const config = { unit: "user", publicSize: 20, batch: 20, steps: 1, stages: 1 };
  const without = await tinyRun({ base, records: ordinary, config, secret: pairedSecret(3, 19) });
  const more = [...ordinary, { ...absurd, text: "warm film" }, absurd];
  const withIt = await tinyRun({ base, records: more, config, secret: pairedSecret(3, 20) });
  expect(valuesOf(withIt)).toEqual(valuesOf(without));
});

/** What a run shows, but for released integers and what is made from them. */
function seen({ result, events, ledger, model }: TinyRun): unknown {
  const { entries, finalHash, ...verified } = result.verified;
  const lines = new TextDecoder().decode(ledger).trimEnd().split("\n");
  const sizes = [...model.files]
    .filter(([name]) => name !== "ledger.jsonl")
    .map(([name, bytes]) => [name, bytes.length]);
  const keys = lines.map((line) => Object.keys(JSON.parse(line) as object));
  return { verified, entries: entries.length, hash: finalHash.length, events, sizes, keys };
}

test("what a unit is called, how many records it has, and which they are, shows nowhere", async () => {
  const run = (records: readonly TaskRecord[], keyed = 20): Promise<TinyRun> =>
    tinyRun({
      records,
      config: { unit: "user", publicSize: 20, batch: 10 },
      secret: pairedSecret(2, keyed),
    });
  const even = await run(belonging(Array.from({ length: 40 }, (_, index) => index % 20)));
  const heavy = await run(
    belonging(
      Array.from({ length: 60 }, (_, index) => (index < 20 ? `canary-${String(index)}` : "canary-7")),
    ),
  );
  expect(seen(heavy)).toEqual(seen(even));
  const fewer = await run(belonging(Array.from({ length: 38 }, (_, index) => index % 19)), 19);
  expect(seen(fewer)).toEqual(seen(even));
});

test("units are compared as text without white space around", async () => {
  const config = { unit: "user", publicSize: undefined, batch: 3, steps: 1, stages: 1 };
  const size = async (units: readonly unknown[]): Promise<number> =>
    (await tinyRun({ records: belonging(units), config })).result.verified.plan.privacy.publicSize;
  expect(await size([1, "1", " 1\t", true, "true", "Ann", "ann", "ann "])).toBe(4);
});

for (const [what, unit] of [
  ["nothing", undefined],
  ["null", null],
  ["blank text", " \n"],
  ["a list", ["canary"]],
  ["a number too large to be exact", 2 ** 53],
  ["a number that is not whole", 0.5],
  ["no number", Number.NaN],
] as const) {
  test(`a record with ${what} for its unit is refused by its line, before anything is released`, async () => {
    const records = belonging(["a", "b", "c", "d", unit]);
    const failing = tinyRun({ records, config: { unit: "user", publicSize: undefined, batch: 2 } });
    const error = await failing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DpzoError);
    expect(error).toMatchObject({ code: "unit-missing", value: 5 });
    expect((error as Error).message).toContain("line 5");
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain("canary");
  });
}

test("a run without --unit does not look at units; mezo, which protects nobody, refuses one", async () => {
  const records = belonging(Array.from({ length: 40 }, () => ({ not: "a unit" })));
  expect((await tinyRun({ records, config: { steps: 1, stages: 1 } })).result.finished).toBe(true);
  await expect(
    tinyRunWithoutPrivacy({ records: belonging([1, 2]), config: { unit: "user" } }),
  ).rejects.toThrow(expect.objectContaining({ code: "contradictory-settings" }) as Error);
});

const folder = mkdtempSync(join(tmpdir(), "dpzo-unit-"));
const base = join(folder, "base");
const data = join(folder, "train.jsonl");
const publicData = join(folder, "public.jsonl");
const out = join(folder, "run");

/** Names that stand in private rows only. */
const users = Array.from({ length: 12 }, (_, index) => `xanthorrhoea-${String(index)}`);
const lines = (records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
const rows = tinyRecords(30).map(({ text, label }, index) => ({
  text,
  label,
  user: index < 20 ? users[index % 12] : users[3],
  "the | team\u001b[1m": index % 12,
}));
const flags = [
  ...["--template", "{text} it was {mask} .", "--label-words", "terrible,great", "--maximum-tokens", "32"],
  ...[
    "--epsilon",
    "1000",
    "--steps",
    "4",
    "--batch",
    "6",
    "--directions",
    "3",
    "--stages",
    "1",
    "--seed",
    "3",
  ],
];
const train = (...more: string[]): Promise<CommandResult> =>
  dpzo("train", "--model", base, "--data", data, "--out", out, ...flags, ...more);
const answerOf = ({ stdout }: CommandResult): Record<string, unknown> =>
  JSON.parse(stdout) as Record<string, unknown>;

let trained: CommandResult;

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), base);
  writeFileSync(data, lines(rows));
  // A public file has no need of the column.
  writeFileSync(publicData, lines(tinyRecords(8, 2).map(({ text, label }) => ({ text, label }))));
  trained = await train("--unit", "user", "--eval-data", publicData);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("dpzo train --unit says what is protected, and tells no unit's name anywhere", async () => {
  expect(trained.code, trained.stderr).toBe(0);
  const meaning = 'all records that share one value of the column "user"';
  expect(trained.stderr).toContain("one of 12 units");
  expect(trained.stderr).toContain(meaning);
  const card = readFileSync(join(out, "model/README.md"), "utf8");
  expect(card).toContain(`the private records of 12 units (a unit: ${meaning})`);
  expect(card).toContain("add or remove one unit");
  expect(card).not.toMatch(/one record/u);
  const report = readFileSync(join(out, "report.html"), "utf8");
  expect(report).toContain("all records that share one value of the column <code><bdi>user</bdi></code>");
  expect(report).not.toMatch(/(one|single|given|number of|every|each|two|private) records?\b/iu);
  const verified = await dpzo("verify", "--ledger", join(out, "ledger.jsonl"));
  expect(verified.code).toBe(0);
  expect(verified.stdout + verified.stderr).toContain(meaning);
  const files = readdirSync(out, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  expect(files.length).toBeGreaterThan(5);
  for (const text of [...files, trained.stdout, trained.stderr, verified.stdout]) {
    expect(text).not.toContain("xanthorrhoea");
  }
});

test("dpzo plan --unit counts units; account says what may be added or removed", async () => {
  const planned = answerOf(
    await dpzo("plan", "--model", base, "--data", data, ...flags, "--unit", "user", "--json"),
  );
  expect(planned).toMatchObject({ plan: { privacy: { unit: { column: "user" }, publicSize: 12 } } });
  const accounted = await dpzo("account", "--ledger", join(out, "ledger.jsonl"));
  expect(accounted.stdout).toContain("one unit;");
});

test("another unit, or none, on the same --out is a plan-mismatch that names the unit", async () => {
  const before = readFileSync(join(out, "ledger.jsonl"));
  for (const more of [["--unit", "the | team\u001b[1m"], ["--public-size", "12"], []]) {
    const { code, stderr } = await train(...more);
    expect(code).toBe(7);
    expect(stderr).toContain("[plan-mismatch]");
    expect(stderr).toContain("privacy.unit");
  }
  expect(readFileSync(join(out, "ledger.jsonl")).equals(before)).toBe(true);
  const again = await train("--unit", "user", "--json");
  expect(again.code, again.stderr).toBe(0);
});

test("a column's name is quoted where it is told", async () => {
  const { stdout, code } = await dpzo(
    ...["plan", "--model", base, "--data", data, ...flags, "--unit", "the | team\u001b[1m", "--quiet"],
  );
  expect(code).toBe(0);
  expect(stdout).toContain(JSON.stringify("the | team\u001b[1m"));
  expect(stdout).not.toContain("\u001b[1m");
});

const [good] = rows;
const badFiles: readonly [what: string, name: string, content: string][] = [
  ["a missing value", "missing.jsonl", lines([good!, { text: users[0], label: "0" }])],
  ["an object", "object.jsonl", lines([good!, { ...good, user: { name: users[0] } }])],
  ["blank in CSV", "blank.csv", `text,label,user\n${users[0]!},0,\n`],
];

test("a row that tells no unit stops train and plan with 3 and its line, and nothing that it says", async () => {
  for (const [what, name, content] of badFiles) {
    const path = join(folder, name);
    writeFileSync(path, content);
    const bad = join(folder, `bad-${name}`);
    const from = ["--model", base, "--data", path, ...flags, "--unit", "user", "--json"];
    for (const args of [
      ["train", "--out", bad, ...from],
      ["plan", ...from],
    ]) {
      const { code, stdout, stderr } = await dpzo(...args);
      expect(code, what).toBe(3);
      expect(stderr, what).toMatch(/line [12]\b/iu);
      expect(stdout + stderr, what).not.toContain("xanthorrhoea");
    }
    expect(existsSync(bad), what).toBe(false);
  }
});
