import { expect, test } from "vitest";

import { openCheckpoint } from "../../src/checkpoint/index.js";
import { tinyModel, vocabulary } from "./tiny-model.js";
import { tinyRun } from "./tiny-run.js";

test("the tiny model is the same every time and is a checkpoint of some thousand weights", async () => {
  const digest = await (await openCheckpoint(tinyModel())).digest();
  expect(await (await openCheckpoint(tinyModel())).digest()).toBe(digest);
  expect(new Set(vocabulary).size).toBe(vocabulary.length);
});

test("a run on the tiny model finishes and writes a model folder", async () => {
  const { result, model } = await tinyRun();
  expect(result.finished).toBe(true);
  expect(await model.list()).toContain("model.safetensors");
});
