import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { nodeFolderReader } from "../node/folder.js";
import { nodeRuntime } from "../node/onnxruntime.js";
import { type Activations, StageRunner, weightSource } from "../runtime/stage-runner.js";
import { repositoryPath } from "../../test/support/shared.js";
import { loadModel } from "./load.js";
import { countParameters } from "./registry.js";
import { batchActivations } from "./token-batch.js";

const runner = new StageRunner(nodeRuntime());

test("minilm-mlm's ten likeliest words have the reference's logits", async () => {
  const folder = repositoryPath("models/minilm-mlm");
  const { description, weights } = await loadModel(await openCheckpoint(nodeFolderReader(folder)));
  expect(countParameters(description)).toBe(22_744_506);
  const golden = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as {
    cases: { ids: number[]; mask_position: number; top10: { ids: number[]; values: number[] } }[];
  };
  for (const { ids, mask_position: maskPosition, top10 } of golden.cases) {
    const record = { inputIds: Int32Array.from(ids), tokenTypeIds: new Int32Array(ids.length), maskPosition };
    let activations: Activations = batchActivations(description, [record, record], ids.length);
    for (const stage of description.stages({ kind: "label-words", wordIds: top10.ids })) {
      activations = await runner.run(stage, weightSource(description, weights), activations);
    }
    const logits = [...(activations["logits"]?.data ?? [])].slice(0, top10.ids.length);
    top10.values.forEach((value, index) => {
      expect(Math.abs(logits[index]! - value)).toBeLessThan(1e-4);
    });
  }
});

test("the read at one position equals the same row of all logits", async () => {
  const folder = repositoryPath("models/minilm-mlm");
  const { description, weights } = await loadModel(await openCheckpoint(nodeFolderReader(folder)));
  const record = (length: number, maskPosition: number) => ({
    inputIds: Int32Array.from({ length }, (_, i) => 1000 + i * 37),
    tokenTypeIds: new Int32Array(length),
    maskPosition,
  });
  const start = batchActivations(description, [record(12, 3), record(7, 5)], 16);
  const source = weightSource(description, weights);
  let one: Activations = start;
  for (const stage of description.stages({ kind: "label-words", wordIds: [2000, 3000] })) {
    one = await runner.run(stage, source, one);
  }
  let all: Activations = start;
  for (const stage of description.stages({ kind: "all-logits" })) all = await runner.run(stage, source, all);
  const row = (at: number) =>
    [2000, 3000].map((id) => all["logits"]!.data[at * description.vocabularySize + id]!);
  const expected = [...row(3), ...row(16 + 5)];
  expected.forEach((value, index) => {
    expect(Math.abs(one["logits"]!.data[index]! - value)).toBeLessThan(1e-4);
  });
});
