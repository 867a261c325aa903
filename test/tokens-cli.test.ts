import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";

import { run } from "../src/cli/main.js";
import { repositoryPath } from "./support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-tokens-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const model = repositoryPath("models/minilm-mlm");
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const data = file("texts.jsonl", '{"text":"it was great"}\n{"text":"a [MASK]"}\n{"text":""}\n');

async function dpzo(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const to = (stream: "out" | "err") => (text: unknown) => {
    written[stream] += String(text);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(to("out")),
    vi.spyOn(process.stderr, "write").mockImplementation(to("err")),
  ];
  try {
    return { code: await run(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test("a folder's tokenizer and its tokenizer.json give the ids, one list a row", async () => {
  const ids = [[2009, 2001, 2307], [1037, 103], []];
  for (const source of [
    ["--model", model],
    ["--tokenizer", join(model, "tokenizer.json")],
  ]) {
    const { code, out } = await dpzo("tokens", ...source, "--data", data, "--json");
    expect([code, JSON.parse(out)]).toEqual([0, { ids }]);
  }
});

test("without --json it shows the pieces", async () => {
  const { out } = await dpzo("tokens", "--model", model, "--data", data);
  expect(out.split("\n").slice(0, 3)).toEqual([
    'line 1: "it" 2009, "was" 2001, "great" 2307',
    'line 2: "a" 1037, "[MASK]" 103',
    "line 3: no tokens",
  ]);
});

test("a file alone cuts and pads as it says", async () => {
  const definition = JSON.parse(readFileSync(join(model, "tokenizer.json"), "utf8")) as object;
  const cut = {
    truncation: { direction: "Right", max_length: 2, strategy: "LongestFirst", stride: 0 },
    padding: {
      strategy: { Fixed: 3 },
      direction: "Left",
      pad_to_multiple_of: 2,
      pad_id: 7,
      pad_type_id: 0,
      pad_token: "[PAD]",
    },
  };
  const path = file("cut.json", JSON.stringify({ ...definition, ...cut }));
  const { out } = await dpzo("tokens", "--tokenizer", path, "--data", data, "--json");
  expect(JSON.parse(out)).toEqual({
    ids: [
      [7, 7, 2009, 2001],
      [7, 7, 1037, 103],
      [7, 7, 7, 7],
    ],
  });
});

test.each([
  ["not JSON", "{", 4, /invalid-tokenizer/],
  [
    "refused",
    '{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"normalizer":{"type":"Nmt"}}',
    4,
    /"Nmt".*invalid-tokenizer/,
  ],
  ["no tokenizer", "[]", 4, /invalid-tokenizer/],
])("a file that is %s ends with code 4 and a name", async (_, content, code, message) => {
  const result = await dpzo("tokens", "--tokenizer", file("x.json", content), "--data", data, "--json");
  expect(result).toMatchObject({ code, out: "", err: expect.stringMatching(message) as string });
});

test("exactly one source is needed, and a bad row is told without what it says", async () => {
  expect(await dpzo("tokens", "--data", data)).toMatchObject({ code: 2 });
  const bad = file("bad.jsonl", '{"text":"secret words"}\n{"text":["secret words"]}\n');
  const result = await dpzo("tokens", "--model", model, "--data", bad);
  expect(result.code).toBe(3);
  expect(result.out + result.err).not.toMatch(/secret/);
});
