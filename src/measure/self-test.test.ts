import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { loadModel } from "../model/load.js";
import { nodeRuntime } from "../node/index.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import type { InferenceRuntime, Session } from "../runtime/runtime.js";
import { StageRunner } from "../runtime/stage-runner.js";
import { selfTest } from "./self-test.js";

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

test("a runtime that takes any one weight of a stage for a constant is found, and the stage named", async () => {
  const layer = "bert.encoder.layer.1.";
  const folded = {
    feed_norm_bias: `${layer}output.LayerNorm.bias`,
    key_bias: `${layer}attention.self.key.bias`,
    query_weight: `${layer}attention.self.query.weight`,
  };
  for (const [input, tensor] of Object.entries(folded)) {
    const data = model.weights.get(tensor)!.slice();
    const runtime = spoiled((session) => (feeds) => {
      const fed = feeds[input];
      // The last block, which alone takes rows, sees its weight as it was when it was loaded, whatever it is fed.
      const isFolded = fed !== undefined && session.inputNames.includes("rows");
      return session.run(isFolded ? { ...feeds, [input]: { data, dims: fed.dims } } : feeds);
    });
    const testing = selfTest(new StageRunner(runtime), model.description, model.weights);
    await expect(testing, input).rejects.toMatchObject({ code: "self-test-failed", value: "layer.1" });
  }
});

test("a runtime in which records influence each other is found, wherever they do", async () => {
  for (const name of ["embedded", "next", "logits"]) {
    const runtime = spoiled((session) => async (feeds) => {
      const outputs = await session.run(feeds);
      const values = outputs[name]?.data;
      if (values !== undefined) {
        // As a batch norm would: by an amount that all rows have a part in.
        const shift = 1e-4 * values.reduce((sum, value, at) => sum + value * (1 + (at % 7)), 0);
        for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) + shift;
      }
      return outputs;
    });
    const testing = selfTest(new StageRunner(runtime), model.description, model.weights);
    await expect(testing, name).rejects.toMatchObject({
      code: "self-test-failed",
      value: "batch independence",
    });
  }
});

test("a runtime in which a row's place decides its last bit is found", async () => {
  const runtime = spoiled((session) => async (feeds) => {
    const outputs = await session.run(feeds);
    const last = outputs["logits"]?.data;
    if (last !== undefined) last[last.length - 1] = (last[last.length - 1] ?? 0) * (1 + 2 ** -22);
    return outputs;
  });
  await expect(selfTest(new StageRunner(runtime), model.description, model.weights)).rejects.toMatchObject({
    value: "batch independence",
  });
});

test("weights with which no logit is a number are found", async () => {
  const weights = new Map(model.weights);
  const name = "bert.encoder.layer.0.attention.self.value.weight";
  weights.set(
    name,
    weights.get(name)!.map(() => Infinity),
  );
  await expect(selfTest(new StageRunner(real), model.description, weights)).rejects.toMatchObject({
    value: "finite logits",
  });
});

test("every number of texts at every length, and at the head up to 1,024, was compared", async () => {
  const { compared } = await selfTest(new StageRunner(real), model.description, model.weights);
  // 16 texts of 16 tokens, 8 of 32, 5 of the longest, 48: 1 to that many; at the head 1 to 129, 200, 1,023 and 1,024.
  const upTo = (count: number): number => (count * (count + 1)) / 2;
  expect(compared).toBe(upTo(16) + upTo(8) + upTo(5) + upTo(129) + 200 + 1023 + 1024);
});

test("the workers' numbers are compared with this thread's", async () => {
  const withWorkers = nodeRuntime({ threads: 2 });
  await selfTest(new StageRunner(withWorkers), model.description, model.weights);
  const shifted = spoiled((session) => async (feeds) => {
    const outputs = await session.run(feeds);
    const values = outputs["logits"]?.data ?? [];
    for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) + 2 ** -10;
    return outputs;
  });
  const { workers } = withWorkers;
  const other = { ...shifted, ...(workers && { workers }) };
  await expect(selfTest(new StageRunner(other), model.description, model.weights)).rejects.toMatchObject({
    value: "the same bits anywhere",
  });
});
