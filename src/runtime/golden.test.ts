import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { loadModel } from "../model/load.js";
import { nodeRuntime } from "../node/index.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { compareWithGolden, parseGolden } from "./golden.js";
import { StageRunner } from "./stage-runner.js";

const real = nodeRuntime({ threads: 1 });
const model = await loadModel(await openCheckpoint(tinyModel()));

const words = model.description.vocabularySize;
const golden = (logits: Float32Array): string =>
  JSON.stringify({
    input_ids: [[2, 9, 3, 0]],
    attention_mask: [[1, 1, 1, 0]],
    logits_shape: [1, 4, words],
    logits_f32le_base64: Buffer.from(logits.buffer).toString("base64"),
  });

test("golden logits are compared where the mask is 1, and a NaN is no agreement", async () => {
  const runner = new StageRunner(real);
  const zeros = await compareWithGolden(runner, model, parseGolden(golden(new Float32Array(4 * words))));
  expect(zeros.compared).toBe(3 * words);
  expect(zeros.maxAbsDiff).toBeGreaterThan(0.1);
  const spoiledLogits = new Float32Array(4 * words);
  spoiledLogits[5] = NaN;
  const nan = await compareWithGolden(runner, model, parseGolden(golden(spoiledLogits)));
  expect(nan.maxAbsDiff).toBe(Infinity);
  spoiledLogits[5] = 0;
  spoiledLogits[3 * words] = NaN;
  const padding = await compareWithGolden(runner, model, parseGolden(golden(spoiledLogits)));
  expect(padding.maxAbsDiff).toBe(zeros.maxAbsDiff);
});

test("a golden file in another form, or of another size, is refused", async () => {
  for (const text of [
    "",
    "[]",
    '{"input_ids":[]}',
    golden(new Float32Array(4)).replace("input_ids", "ids"),
  ]) {
    expect(() => parseGolden(text)).toThrow(expect.objectContaining({ code: "golden-file" }) as Error);
  }
  const left = parseGolden(golden(new Float32Array(4 * words)).replace("[[1,1,1,0]]", "[[0,1,1,1]]"));
  await expect(compareWithGolden(new StageRunner(real), model, left)).rejects.toMatchObject({
    code: "golden-file",
  });
  const short = parseGolden(golden(new Float32Array(8)));
  await expect(compareWithGolden(new StageRunner(real), model, short)).rejects.toMatchObject({
    code: "golden-file",
  });
});
