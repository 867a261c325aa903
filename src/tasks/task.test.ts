import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { namedTask, namedTasks } from "./named-tasks.js";
import { createTask } from "./create-task.js";
import { createTokenizer } from "./tokenizer.js";

const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const tokenizer = createTokenizer({
  tokenizer: json("../../models/minilm-mlm/tokenizer.json"),
  config: json("../../models/minilm-mlm/tokenizer_config.json"),
});

describe("named tasks", () => {
  for (const [name, named] of Object.entries(namedTasks)) {
    test(`${name} works with the embedded model's tokenizer`, () => {
      const task = createTask(tokenizer, { ...named, maximumTokens: 64 });
      expect(task.labelTokenIds).toHaveLength(task.labels.length);
      const fields = { passage: "some passage", question: "is it" };
      const prompt = task.encode({ text: "some text", pair: "another", fields });
      expect(prompt.inputIds[prompt.maskPosition]).toBe(103);
    });
  }

  test("an unknown name is refused with the names there are", () => {
    expect(() => namedTask("imdb")).toThrow(/sst2/);
    expect(() => namedTask("constructor")).toThrow(expect.objectContaining({ code: "unknown-task" }));
    expect(() => namedTask("squad")).toThrow(expect.objectContaining({ code: "needs-decoder" }));
  });
});

test("a record becomes a prompt and a label", () => {
  const task = createTask(tokenizer, { ...namedTask("spam"), maximumTokens: 64 });
  expect(task.labels).toEqual(["ham", "spam"]);
  const example = task.example({ text: "buy now", label: "spam", line: 1 });
  expect(example.label).toBe(1);
  // [CLS] buy now this is [MASK] . [SEP]
  expect(Array.from(example.texts[0]!.prompt.inputIds)).toEqual([
    101, 4965, 2085, 2023, 2003, 103, 1012, 102,
  ]);
});

test("an error about a record names its line and nothing of it", () => {
  const task = createTask(tokenizer, { ...namedTask("spam"), maximumTokens: 64 });
  expect(() => task.example({ text: "CANARY", label: "CANARY", line: 9 })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("CANARY") as string, value: 9 }),
  );
});
