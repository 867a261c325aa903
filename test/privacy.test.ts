/**
 * Nothing private leaves: canary records, extreme losses, bad rows; and neighbouring data sets under the same
 * noise and membership draws look alike in everything that can be seen.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { DpzoError } from "../src/errors.js";
import { memoryFolder } from "../src/files.js";
import { MemoryLedgerFile } from "../src/ledger/index.js";
import { nodeRuntime } from "../src/node/index.js";
import { trainConfigSchema } from "../src/plan/config.js";
import { latticeSensitivity } from "../src/plan/plan.js";
import type { InferenceRuntime } from "../src/runtime/runtime.js";
import type { TaskRecord } from "../src/tasks/index.js";
import { train } from "../src/train/run.js";
import { dpzo, ensureBuilt } from "./support/built-cli.js";
import {
  extremeLoss,
  extremeWord,
  jsonLines,
  tinyModel,
  tinyRecords,
  tinyTask,
  writeToDisk,
} from "./support/tiny-model.js";
import {
  each,
  keystream,
  ledgerLines,
  pairedSecret,
  tinyConfig,
  tinyRun,
  type TinyRun,
} from "./support/tiny-run.js";

/** Strings that stand in private records only, each in another place. */
const canaries = ["xanthorrhoea", "Zq7-canary", "quokkaville", "9182736455"];
/** A record with this word has a loss that is no number. */
const extreme = tinyModel(extremeLoss());

const folder = mkdtempSync(join(tmpdir(), "dpzo-privacy-"));
const base = join(folder, "base");

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(extreme, base);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Ordinary records with canaries among them, labels turned, and one whose loss is not a number. */
function canaryRecords(): TaskRecord[] {
  return [
    ...tinyRecords(36).map((record, i) => ({ ...record, label: i % 3 === 0 ? "0" : "1" })),
    { text: `${canaries[0]} ${canaries[1]} the film was great`, label: "0", line: 37 },
    { text: `${canaries[2]} `.repeat(200), label: "1", line: 38 },
    { text: `${extremeWord} ${canaries[3]}`, label: "1", line: 39 },
    { text: "", label: "0", line: 40 },
  ];
}

const taskFlags = [
  ...["--template", "{text} it was {mask} .", "--label-words", "terrible,great", "--maximum-tokens", "32"],
];
const trainFlags = [
  ...[
    "--epsilon",
    "1000",
    "--steps",
    "5",
    "--batch",
    "40",
    "--directions",
    "3",
    "--stages",
    "2",
    "--clip",
    "4",
  ],
];

function expectNoCanary(where: string, content: string | Uint8Array): void {
  const text = typeof content === "string" ? content : Buffer.from(content).toString("latin1");
  for (const canary of canaries) {
    expect(text.toLowerCase().includes(canary.toLowerCase()), `${canary} in ${where}`).toBe(false);
  }
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
}

test("no canary is in the ledger, report, metrics, model folder, stdout or stderr of a run", async () => {
  const data = join(folder, "canaries.jsonl");
  const out = join(folder, "canary-run");
  writeFileSync(data, jsonLines(canaryRecords()));
  const args = ["train", "--model", base, "--data", data, "--out", out, ...taskFlags, ...trainFlags];
  const first = await dpzo(...args);
  expect(first.code, first.stderr).toBe(0);
  expectNoCanary("stdout", first.stdout);
  expectNoCanary("stderr", first.stderr);
  const files = filesBelow(out);
  expect(files.map((path) => path.slice(out.length + 1)).sort()).toEqual(
    expect.arrayContaining(["ledger.jsonl", "metrics.json", "model/model.safetensors", "report.html"]),
  );
  for (const path of files) expectNoCanary(path, readFileSync(path));
  // No file beyond those that are promised: nothing with activations or losses is left behind.
  expect(files.length).toBe(3 + readdirSync(join(out, "model")).length);

  const json = await dpzo(...args, "--json");
  expect(json.code).toBe(0);
  expectNoCanary("--json", json.stdout + json.stderr);
});

const good = jsonLines(tinyRecords(6));
const badFiles: readonly [what: string, name: string, content: string][] = [
  ["an unknown label", "label.jsonl", `${good}{"text":"${canaries[0]}","label":"${canaries[1]}"}\n`],
  ["a label that is an object", "object.jsonl", `${good}{"text":"a","label":{"x":"${canaries[2]}"}}\n`],
  ["a text that is a list", "list.jsonl", `${good}{"text":["${canaries[0]}"],"label":"0"}\n`],
  ["a text that is null beside a canary", "null.jsonl", `${good}{"text":null,"label":"${canaries[3]}"}\n`],
  ["a row that is not JSON", "broken.jsonl", `${good}{"text":"${canaries[0]} ${canaries[3]}, "label":\n`],
  ["a row that is not an object", "array.jsonl", `${good}["${canaries[1]}"]\n`],
  ["an empty label", "empty.jsonl", `${good}{"text":"${canaries[2]}","label":" "}\n`],
  ["a missing column", "missing.jsonl", `${good}{"text":"${canaries[0]}"}\n`],
  ["a ragged CSV row", "ragged.csv", `text,label\na,0\n${canaries[0]},0,${canaries[1]}\n`],
  ["a stray quote in CSV", "quote.csv", `text,label\n"a" ${canaries[0]},0\n`],
  ["an unterminated quote in CSV", "open.csv", `text,label\na,0\n"${canaries[2]},0\n`],
  ["a TSV without the label column", "column.tsv", `text\n${canaries[0]}\n`],
  ["a CSV without a header row", "bare.csv", `${canaries[0]},0\n${canaries[1]},1\n`],
  ["a CSV whose first row has a value twice", "twice.csv", `${canaries[0]},${canaries[0]}\nb,1\n`],
  ["a TSV whose header has the text alone", "half.tsv", `text\t${canaries[0]}\na\t0\n`],
  ["a JSONL row whose key is a value", "key.jsonl", `{"${canaries[0]}":"a","label":"0"}\n`],
  ["a JSONL row with a key twice", "keys.jsonl", `{"text":"${canaries[0]}","text":"b","label":"0"}\n`],
  ["a TSV of two readings", "two.tsv", `text\tlabel\n"${canaries[0]}\t0\n${canaries[1]}"\t1\n`],
];

test("every error about a private row names its line, and nothing that it says", async () => {
  for (const [what, name, content] of badFiles) {
    const path = join(folder, name);
    writeFileSync(path, content);
    const out = join(folder, `bad-${name}`);
    const { code, stdout, stderr } = await dpzo(
      ...["train", "--model", base, "--data", path, "--out", out, ...taskFlags, ...trainFlags, "--json"],
    );
    expect(code, what).not.toBe(0);
    expect(stderr, what).toMatch(/line \d+/iu);
    expectNoCanary(what, stdout + stderr);
    // Stronger than no canary in its files: the refused run leaves no folder at all.
    expect(existsSync(out), what).toBe(false);
  }
});

test("a foreign error of the forward passes is withheld, whatever it quotes, and nothing is released", async () => {
  const quoting = new Error(`cannot run on ${canaries[0]}`);
  const real = nodeRuntime({ threads: 1 });
  let failing = false;
  const runtime: InferenceRuntime = {
    ...real,
    createSession: async (model) => {
      const session = await real.createSession(model);
      const run: typeof session.run = (feeds) => (failing ? Promise.reject(quoting) : session.run(feeds));
      return { ...session, run };
    },
  };
  const file = new MemoryLedgerFile();
  const model = memoryFolder("model");
  const running = train(
    {
      base: await openCheckpoint(extreme),
      runtime,
      task: tinyTask,
      config: trainConfigSchema.parse({ ...tinyConfig, train: ["last:1"] }),
      records: each(canaryRecords()),
      files: { ledger: file, model, reopen: () => openCheckpoint(model) },
      onEvent: ({ kind }) => {
        if (kind === "step") failing = true;
      },
    },
    { secret: keystream(3) },
  );
  const error = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DpzoError);
  expect((error as DpzoError).code).toBe("private-side-failed");
  expectNoCanary("error", `${(error as Error).stack ?? ""}${JSON.stringify(error)}`);
  expect((error as Error).cause).toBeUndefined();
  const ledger = await file.readAll();
  const end = ledger.lastIndexOf(10) + 1;
  expect(ledgerLines(ledger.subarray(0, end)).length).toBe(2);
  // The step was begun, so it is charged; nothing else is there.
  expect(new TextDecoder().decode(ledger.subarray(end))).toBe('{"step":2,"stage":0,');
});

/** What a run shows, with the released integers and what is made from them taken out. */
async function form(run: TinyRun): Promise<unknown> {
  const lines = ledgerLines(run.ledger).map(({ hash, values, ...rest }) => ({
    ...rest,
    hash: String(hash).length,
    values: Array.isArray(values) ? values.map((value) => Number.isSafeInteger(value)) : values,
  }));
  const names = await run.model.list();
  const sizes = names
    .filter((name) => name !== "ledger.jsonl")
    .map((name) => [name, run.model.files.get(name)!.length]);
  const { entries, finalHash, ...verified } = run.result.verified;
  const events = run.events;
  return { lines, names, sizes, events, verified, entries: entries.length, hash: finalHash.length };
}

const valuesOf = (run: TinyRun, step: number): number[] =>
  ledgerLines(run.ledger)[step]!["values"] as number[];

const records = canaryRecords();
const heavy: TaskRecord = { text: extremeWord, label: "1", line: 41 };
const neighbours: readonly [what: string, records: readonly TaskRecord[]][] = [
  ["one record more", [...records, { text: "warm bright film", label: "1", line: 41 }]],
  ["one record less", records.slice(0, -1)],
  ["one record more whose loss is not a number", [...records, heavy]],
  [
    "one record more with its label turned and an absurd text",
    [...records, { text: "kind ".repeat(99), label: "0", line: 41 }],
  ],
];

test.each([
  ["a fixed clip", {}],
  ["a clip that follows a quantile", { clipQuantile: 0.5 }],
])(
  "neighbouring data sets, given the same noise, differ in nothing visible but released integers: %s",
  async (_, config) => {
    // Only the first step is compared in value: from then on the weights differ, as the accountant assumes.
    const run = (list: readonly TaskRecord[]): Promise<TinyRun> =>
      tinyRun({ base: extreme, records: list, secret: pairedSecret(11, list.length), config });
    const reference = await run(records);
    const expected = await form(reference);
    let moved = 0;
    for (const [what, list] of neighbours) {
      const other = await run(list);
      expect(await form(other), what).toEqual(expected);
      const gap = valuesOf(other, 1).map((value, k) => value - valuesOf(reference, 1)[k]!);
      expect(Math.hypot(...gap), what).toBeLessThanOrEqual(latticeSensitivity);
      if (gap.some((value) => value !== 0)) moved += 1;
    }
    // The comparison means something only if the records were in the first batch and moved its release.
    expect(moved).toBeGreaterThan(0);
  },
);

test("progress does not tell how many records there are, nor whether there is any", async () => {
  const told = async (list: readonly TaskRecord[]): Promise<readonly unknown[]> => {
    const { events } = await tinyRun({ records: list, config: { steps: 3, batch: 40 } });
    return events.filter(({ kind }) => kind === "encoding" || kind === "step");
  };
  const [none, one, all] = [await told([]), await told(records.slice(0, 1)), await told(records)];
  expect(all).toContainEqual({ kind: "encoding", fraction: 1 });
  expect(one).toEqual(all);
  expect(none).toEqual(all);
});

test("a changed record under the same draws moves a release by at most twice the sensitivity", async () => {
  const run = (list: readonly TaskRecord[]): Promise<TinyRun> =>
    tinyRun({ records: list, secret: pairedSecret(5, list.length), config: { steps: 3, batch: 40 } });
  const [a, b] = [tinyRecords(40), tinyRecords(40)];
  b[7] = { text: "dull flat grim dull", label: "1", line: 8 };
  const [first, second] = [await run(a), await run(b)];
  const gap = valuesOf(second, 1).map((value, k) => value - valuesOf(first, 1)[k]!);
  expect(Math.hypot(...gap)).toBeGreaterThan(0);
  expect(Math.hypot(...gap)).toBeLessThanOrEqual(2 * latticeSensitivity);
  expect(await form(second)).toEqual(await form(first));
});

test("empty batches, losses that are no numbers, and a data set of one record give the same kind of output", async () => {
  const config = { publicSize: 40, batch: 20, steps: 3 };
  const usual = (await form(await tinyRun({ config }))) as { lines: unknown };
  const allSame = (byte: number) => {
    const stream = keystream(2);
    return (out: Uint8Array) => {
      stream(out);
      // Membership draws of all ones are never below the rate: nobody is sampled.
      if (out.length === 160) out.fill(byte);
    };
  };
  const cases: Record<string, Promise<TinyRun>> = {
    "an empty batch in every step": tinyRun({ config, secret: allSame(255) }),
    "every record in every step": tinyRun({ config, secret: allSame(0) }),
    "one record": tinyRun({ config, records: tinyRecords(1) }),
    "no record that the model can answer": tinyRun({
      config,
      base: extreme,
      records: tinyRecords(40).map((record) => ({ ...record, text: extremeWord })),
    }),
  };
  for (const [what, run] of Object.entries(cases)) {
    const { result } = await run;
    expect(result.finished, what).toBe(true);
    expect(((await form(await run)) as { lines: unknown[] }).lines.slice(1), what).toEqual(
      (usual.lines as unknown[]).slice(1),
    );
  }
});

test("losses that are no numbers release the very noise that an empty batch releases", async () => {
  const config = { steps: 3, batch: 40 };
  const secret = () => pairedSecret(9, 40);
  const absurd = tinyRecords(40).map((record) => ({ ...record, text: extremeWord }));
  const nan = await tinyRun({ base: extreme, records: absurd, config, secret: secret() });
  const normal = await tinyRun({ base: extreme, config, secret: secret() });
  const none = await tinyRun({ base: extreme, records: [], config, secret: pairedSecret(9, 0) });
  for (const step of [1, 2, 3]) {
    expect(valuesOf(nan, step)).toEqual(valuesOf(none, step));
    expect(valuesOf(normal, step)).not.toEqual(valuesOf(none, step));
  }
});

test("two runs with one --seed have the same directions and different noise", async () => {
  const config = { steps: 3 };
  const [a, b] = [
    await tinyRun({ config, secret: keystream(1) }),
    await tinyRun({ config, secret: keystream(2) }),
  ];
  const seed = (run: TinyRun): string => run.result.verified.plan.directions.runSeed;
  expect(seed(a)).toBe(seed(b));
  for (const step of [1, 2, 3]) expect(valuesOf(a, step)).not.toEqual(valuesOf(b, step));
  const other = await tinyRun({ config: { ...config, seed: 8 }, secret: keystream(1) });
  expect(seed(other)).not.toBe(seed(a));
});

test("without --seed the run seed is drawn, and is not a part of what noise is drawn from", async () => {
  const drawn: Uint8Array[] = [];
  const stream = keystream(4);
  const { result } = await tinyRun({
    config: { steps: 3, seed: undefined },
    secret: (out) => {
      stream(out);
      drawn.push(out.slice());
    },
  });
  const hex = drawn.map((bytes) => Buffer.from(bytes).toString("hex"));
  const { runSeed } = result.verified.plan.directions;
  expect(hex.filter((text) => text.includes(runSeed)).length).toBe(1);
  expect(hex.find((text) => text.includes(runSeed))).toBe(runSeed);
});
