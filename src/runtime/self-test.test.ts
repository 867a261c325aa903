import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { loadModel } from "../model/load.js";
import { nodeRuntime } from "../node/index.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { compareWithGolden, parseGolden } from "./golden.js";
import type { InferenceRuntime, Session } from "./runtime.js";
import { selfTest } from "./self-test.js";
import { StageRunner } from "./stage-runner.js";

const real = nodeRuntime({ threads: 1 });
const model = await loadModel(await openCheckpoint(tinyModel()));

/** The real runtime with what it is fed, or what it answers, changed. */
function spoiled(change: (session: Session) => Session["run"]): InferenceRuntime {
  return {
    ...real,
    createSession: async (bytes) => {
      const session = await real.createSession(bytes);
      return { ...session, run: change(session) };
    },
  };
}

test("the real runtime passes, and every stage was looked at", async () => {
  const { stages } = await selfTest(new StageRunner(real), model.description, model.weights);
  expect(stages).toEqual(["embeddings", "layer.0", "layer.1", "head"]);
});

test("a runtime that takes a stage's weights for constants is found, and the stage named", async () => {
  const bias = model.weights.get("bert.encoder.layer.1.output.LayerNorm.bias")!.slice();
  const original = bias[0]!;
  const runtime = spoiled((session) => (feeds) => {
    const fed = feeds["feed_norm_bias"];
    // Layer 1 sees its own bias as it was when it was loaded, whatever it is fed.
    const folded = fed !== undefined && fed.data[1] === bias[1] && fed.data[0] !== original;
    return session.run(folded ? { ...feeds, feed_norm_bias: { data: bias, dims: fed.dims } } : feeds);
  });
  await expect(selfTest(new StageRunner(runtime), model.description, model.weights)).rejects.toMatchObject({
    code: "self-test-failed",
    value: "layer.1",
  });
});

test("a runtime in which records influence each other is found", async () => {
  const runtime = spoiled((session) => async (feeds) => {
    const outputs = await session.run(feeds);
    const logits = outputs["logits"];
    if (logits !== undefined) {
      // As a batch norm would: by an amount that the number of rows decides.
      for (let i = 0; i < logits.data.length; i += 1)
        logits.data[i] = (logits.data[i] ?? 0) + 1e-6 * logits.data.length;
    }
    return outputs;
  });
  await expect(selfTest(new StageRunner(runtime), model.description, model.weights)).rejects.toMatchObject({
    code: "self-test-failed",
    value: "batch independence",
  });
});

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
