import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { hasShared, sharedPath } from "../../test/support/shared.js";
import { fileRecords } from "../cli/task-files.js";
import { promptTokens } from "./after-prompt.js";
import { decoderTasks } from "./decoder-tasks.js";
import { createTask } from "./create-task.js";
import type { TaskRecord } from "./task.js";
import { createTokenizer, type TextTokenizer } from "./tokenizer.js";

const file = "models/SmolLM2-135M/SmolLM2-135M-Instruct.Q4_1.gguf";
const tool = "tools/unpack-gguf.mjs";
const present = hasShared(file) && hasShared(tool) && hasShared("data/copa/dev.jsonl");

describe.skipIf(!present)("named tasks of decoders, SmolLM2 and the shared data (needs ../shared)", () => {
  let folder: string;
  let tokenizer: TextTokenizer;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dpzo-tasks-"));
    expect(spawnSync(process.execPath, [sharedPath(tool), sharedPath(file), folder]).status).toBe(0);
    const json = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
    tokenizer = createTokenizer({
      tokenizer: json("tokenizer.json"),
      config: json("tokenizer_config.json"),
    });
  }, 120_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, named] of Object.entries(decoderTasks)) {
    test.skipIf(name === "spam")(`${name}: every row of dev is read, and fits`, async () => {
      const maximumTokens = named.maximumTokens ?? 64;
      const task = createTask(tokenizer, { ...named, maximumTokens }, { kind: "causal-lm" });
      const columns = { text: "text", label: "label", ...named };
      let cut = 0;
      let rows = 0;
      let first: TaskRecord | undefined;
      for await (const record of fileRecords(sharedPath(`data/${name}/dev.jsonl`), columns)) {
        first ??= record;
        const { texts } = task.example(record);
        expect(texts.length).toBe(name === "copa" ? 2 : 1);
        const longest = Math.max(...texts.map(({ prompt }) => prompt.inputIds.length));
        expect(longest).toBeLessThanOrEqual(maximumTokens);
        rows += 1;
        if (longest > maximumTokens - 3) cut += 1;
        if (rows === 400) break;
      }
      // The usual length is enough for most.
      expect(cut / rows).toBeLessThan(0.15);
      const [shown] = task.example(first!).texts;
      const end = tokenizer
        .decode([...promptTokens(shown!)])
        .split("\n")
        .at(-1);
      expect(end).not.toMatch(/\s$/u);
    });
  }

  test("prompts read as they are meant to", async () => {
    const columns = { text: "text", label: "label", ...decoderTasks["copa"]! };
    const { template, options } = columns;
    const task = createTask(tokenizer, { template, options, maximumTokens: 64 }, { kind: "causal-lm" });
    for await (const record of fileRecords(sharedPath("data/copa/dev.jsonl"), columns)) {
      const [one, two] = task.example(record).texts;
      expect(tokenizer.decode([...one!.prompt.inputIds])).toBe(
        "The man turned on the faucet so the toilet filled with water.",
      );
      expect(tokenizer.decode([...two!.targets!])).toBe(" water flowed from the spout.");
      break;
    }
  });
});
