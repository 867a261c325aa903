import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { prepareModel, readExamples } from "../train/prepare.js";
import { tinyModel, tinyRecords, tinyTask } from "../../test/support/tiny-model.js";
import { each } from "../../test/support/tiny-run.js";
import { predict } from "./predict.js";
import { FrozenPrefix } from "./prefix.js";
import { weightSource } from "../runtime/stage-runner.js";
import { testRuntime } from "../../test/support/runtime.js";

async function prepared(bias: readonly [number, number]) {
  const base = tinyModel((name, values) => {
    // Ids of the label words are those of the tokenizer's vocabulary: "terrible" and "great".
    if (name === "cls.predictions.bias") values.set(bias, 15);
  });
  const model = await prepareModel(await openCheckpoint(base), testRuntime(), tinyTask);
  return { model, examples: await readExamples(model.task, each(tinyRecords(7))) };
}

test("the label whose word has the largest logit is predicted, in the order of the examples", async () => {
  const high = await prepared([0, 50]);
  expect([...high.model.task.labelTokenIds]).toEqual([15, 16]);
  const progress: [number, number][] = [];
  const onProgress = (done: number, total: number): void => void progress.push([done, total]);
  expect([...(await predict({ ...high.model, examples: high.examples, onProgress }))]).toEqual(
    Array(7).fill(1),
  );
  expect(progress.at(-1)).toEqual([7, 7]);
  const low = await prepared([50, 0]);
  expect([...(await predict({ ...low.model, examples: low.examples }))]).toEqual(Array(7).fill(0));
});

test("a prediction does not depend on the other examples", async () => {
  const { model, examples } = await prepared([0, 0]);
  const together = await predict({ ...model, examples });
  for (const [index, example] of examples.entries()) {
    expect((await predict({ ...model, examples: [example] }))[0]).toBe(together[index]);
  }
});

test("what keeping the frozen stages costs: a row a record below the head, all positions below a block", async () => {
  const { model, examples } = await prepared([0, 0]);
  const context = {
    ...model,
    weights: weightSource(model.description, model.weights),
    stages: model.modelStages,
    texts: examples.flatMap(({ texts }) => texts),
  };
  expect(FrozenPrefix.bytesToKeep({ ...context, frozen: 3 })).toBe(7 * 16 * 4);
  expect(FrozenPrefix.bytesToKeep({ ...context, frozen: 1 })).toBe(
    context.texts.reduce((sum, { prompt }) => sum + Math.ceil(prompt.inputIds.length / 16) * 16, 0) * 16 * 4,
  );
});
