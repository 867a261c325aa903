/** What can stop a run, destroy an input or make a result worthless is refused before the first step, by every command. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { encodeFloat16, openCheckpoint, serialiseHeader } from "../src/checkpoint/index.js";
import { concatBytes, memoryFolder, type MemoryFolder } from "../src/files.js";
import { replayModel } from "../src/replay/replay-model.js";
import { dpzo, ensureBuilt, type CommandResult } from "./support/built-cli.js";
import { jsonLines, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";
import { tinyRun } from "./support/tiny-run.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-preflight-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const ledger = at("run/ledger.jsonl");

const flags = [
  ...["--template", "{text} it was {mask} .", "--label-words", "terrible,great", "--maximum-tokens", "32"],
  ...["--epsilon", "1000", "--delta", "1e-5", "--steps", "2", "--batch", "20", "--stages", "1"],
];
const train = (model: string, data: string, out: string, ...more: string[]): string[] => [
  ...["train", "--model", model, "--data", data, "--out", out, ...flags, ...more],
];

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), at("base"));
  writeFileSync(at("data.jsonl"), jsonLines(tinyRecords(40)));
  const made = await dpzo(...train(at("base"), at("data.jsonl"), at("run")));
  expect(made.code, made.stderr).toBe(0);
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every file below the test's folder with its bytes, and links by name. */
function everything(): Map<string, string> {
  return new Map(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path).toString("base64")]),
  );
}

async function refused(args: readonly string[], code: number, name: string): Promise<CommandResult> {
  const before = everything();
  const result = await dpzo(...args);
  expect(result.code, result.stderr).toBe(code);
  expect(result.stderr).toContain(`[${name}]`);
  expect(everything()).toEqual(before);
  return result;
}

const data = at("data.jsonl");
const overwriting: readonly [what: string, prepare: () => string[]][] = [
  [
    "train over its base, OUT/model",
    () => {
      writeToDisk(tinyModel(), at("a/model"));
      return train(at("a/model"), data, at("a"));
    },
  ],
  ["train into its base", () => train(at("base"), data, at("base"))],
  [
    "train through a link to its base",
    () => {
      mkdirSync(at("b"));
      symlinkSync(at("base"), at("b/model"));
      return train(at("base"), data, at("b"));
    },
  ],
  [
    "train over its records, a hard link of them in the place of its ledger",
    () => {
      mkdirSync(at("c"));
      linkSync(data, at("c/ledger.jsonl"));
      return train(at("base"), data, at("c"));
    },
  ],
  [
    "train with records in the model folder",
    () => {
      mkdirSync(at("d/model"), { recursive: true });
      copyFileSync(data, at("d/model/rows.jsonl"));
      return train(at("base"), at("d/model/rows.jsonl"), at("d/../d"));
    },
  ],
  [
    "train over its settings",
    () => {
      mkdirSync(at("e"));
      writeFileSync(at("e/metrics.json"), '{"steps": 2}');
      return train(at("base"), data, at("e"), "--config", at("e/metrics.json"));
    },
  ],
  [
    "replay over its base",
    () => ["replay", "--base", at("base"), "--ledger", ledger, "--out", at("run/../base")],
  ],
  [
    "replay over its ledger",
    () => [
      "replay",
      "--base",
      at("base"),
      "--ledger",
      at("run/model/ledger.jsonl"),
      "--out",
      at("run/model"),
    ],
  ],
  ["export over its model", () => ["export", "--onnx", "--model", at("base"), "--out", at("base/.")]],
  [
    "export with its model as the onnx folder",
    () => {
      writeToDisk(tinyModel(), at("f/onnx"));
      return ["export", "--onnx", "--model", at("f/onnx"), "--out", at("f")];
    },
  ],
  [
    "compare over one of its files",
    () => {
      mkdirSync(at("g"));
      copyFileSync(data, at("g/compare.json"));
      const files = ["--data", data, "--dev", data, "--test", at("g/compare.json"), "--format", "jsonl"];
      return ["compare", "--model", at("base"), ...files, "--out", at("g"), ...flags.slice(0, 6)];
    },
  ],
  [
    "account over its ledger",
    () => ["account", "--ledger", ledger, "--svg", at("run/model/../ledger.jsonl")],
  ],
];
for (const [what, prepare] of overwriting) {
  test(`${what}: refused, and every byte is where it was`, async () => {
    const { stderr } = await refused(prepare(), 2, "usage");
    expect(stderr).toMatch(/would overwrite/u);
  });
}

const copies: readonly [what: string, name: string, content: () => string][] = [
  ["a copy", "copy.jsonl", () => readFileSync(data, "utf8")],
  ["another format", "copy.csv", () => `text,label\n${rows((text, label) => `${text},${label}`)}`],
  [
    "other line ends and keys in another order",
    "crlf.jsonl",
    () => rows((t, l) => `{"label":"${l}","text":"${t}"}`, "\r\n"),
  ],
  [
    "another order",
    "turned.jsonl",
    () => readFileSync(data, "utf8").trimEnd().split("\n").reverse().join("\n"),
  ],
];

function rows(line: (text: string, label: string) => string, end = "\n"): string {
  return tinyRecords(40)
    .map(({ text, label }) => line(String(text), String(label)) + end)
    .join("");
}

for (const [what, name, content] of copies) {
  test(`the training records as the evaluation file, as ${what}, are refused before a figure is shown`, async () => {
    writeFileSync(at(name), content());
    const { stdout, stderr } = await refused(
      train(at("base"), data, at("leak"), "--eval-data", at(name)),
      2,
      "evaluation-is-training",
    );
    expect(`${stdout}${stderr}`).not.toMatch(/accuracy|\d \d/u);
    expect(existsSync(at("leak"))).toBe(false);
  });
}

test("a link to the training file is the training file", async () => {
  symlinkSync(data, at("link.jsonl"));
  await refused(
    train(at("base"), data, at("leak"), "--eval-data", at("link.jsonl")),
    2,
    "evaluation-is-training",
  );
});

test("a result that could not be written is refused before the ledger has a line", async () => {
  mkdirSync(at("h"));
  writeFileSync(at("h/model"), "a file");
  await refused(train(at("base"), data, at("h")), 3, "not-a-folder");
  mkdirSync(at("i/report.html"), { recursive: true });
  await refused(train(at("base"), data, at("i")), 3, "not-a-file");
  mkdirSync(at("j/model/tokenizer.json"), { recursive: true });
  await refused(train(at("base"), data, at("j")), 3, "not-a-file");
});

const unfit: readonly [what: string, code: string, make: () => MemoryFolder][] = [
  ["weights with an infinity", "not-finite", () => tinyModel((_, values) => values.fill(Infinity, 2, 3))],
  ["an adapter", "adapter-in-folder", () => withFile("adapter_config.json", "{}")],
  ["settings of a quantised checkpoint", "quantised-weights", () => withFile("quantize_config.json", "{}")],
  ["a tokenizer with a word too many", "tokens-beyond-embeddings", withOneWordMore],
  ["no finite logits", "no-finite-logits", () => tinyModel(overflow)],
];
for (const [what, code, make] of unfit) {
  test(`doctor says of ${what} what train says, and both stop with exit code 4`, async () => {
    const base = writeToDisk(make(), at(code));
    const looked = await refused(["doctor", "--model", base], 4, code);
    const trained = await refused(train(base, data, at("unfit")), 4, code);
    expect(trained.stderr).toBe(looked.stderr);
  });
}

function overflow(name: string, values: Float32Array): void {
  if (name.includes("transform.LayerNorm")) values.fill(3e38);
}

function withFile(name: string, content: string): MemoryFolder {
  const base = tinyModel();
  base.files.set(name, new TextEncoder().encode(content));
  return base;
}

function withOneWordMore(): MemoryFolder {
  const base = tinyModel();
  const tokenizer = JSON.parse(new TextDecoder().decode(base.files.get("tokenizer.json"))) as {
    model: { vocab: Record<string, number> };
  };
  const { vocab } = tokenizer.model;
  vocab["zebra"] = Object.keys(vocab).length;
  base.files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(tokenizer)));
  return base;
}

test("a float16 base whose weights grow beyond float16 keeps them in float32, and replay gives the same bytes", async () => {
  const base = await inFloat16(tinyModel());
  const config = { learningRate: 1e6, steps: 2, stages: 1 };
  const {
    result,
    ledger: bytes,
    model,
    events,
  } = await tinyRun({ base, config, evaluation: tinyRecords(8, 5) });
  expect(result.finished).toBe(true);
  expect(events.filter(({ kind }) => kind === "remark")).toEqual([
    { kind: "remark", words: expect.stringMatching(/stored in float32/u) as string },
  ]);
  const written = await openCheckpoint(model);
  const dtypes = [...written.tensors.values()].map(({ dtype }) => dtype);
  expect(new Set(dtypes)).toEqual(new Set(["F16", "F32"]));
  expect(written.config["dtype"]).toBe("float32");
  expect(new TextDecoder().decode(model.files.get("README.md"))).toContain("| dtype | ");
  const again = memoryFolder("again");
  await replayModel(await openCheckpoint(base), bytes, again);
  for (const [name, content] of model.files) expect(again.files.get(name), name).toEqual(content);
});

/** The same checkpoint with its weights rounded to float16. */
async function inFloat16(folder: MemoryFolder): Promise<MemoryFolder> {
  const checkpoint = await openCheckpoint(folder);
  const tensors = [...checkpoint.tensors.values()];
  const data: Uint8Array[] = [];
  for (const { name } of tensors) {
    const values = await checkpoint.read(name);
    const bits = new Uint16Array(values.length);
    encodeFloat16(values, bits);
    data.push(new Uint8Array(bits.buffer));
  }
  const header = tensors.map((tensor) => ({ ...tensor, dtype: "F16", bytes: 2 * tensor.elements }));
  folder.files.set(
    "model.safetensors",
    concatBytes([serialiseHeader(header, new Map([["format", "pt"]])), ...data]),
  );
  return folder;
}
