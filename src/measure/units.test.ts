import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { createDirectionEngine, type DirectionStream } from "../directions/index.js";
import { selectTensors } from "../model/selection.js";
import type { Example } from "../tasks/index.js";
import { prepareModel, readExamples } from "../train/prepare.js";
import { tinyModel, tinyRecords, tinyTask } from "../../test/support/tiny-model.js";
import { each } from "../../test/support/tiny-run.js";
import { Measurer } from "./measure.js";
import { textsOf, unitLoss, unitsOf } from "./units.js";
import { testRuntime } from "../../test/support/runtime.js";

const engine = createDirectionEngine();
const runSeed = new Uint8Array(32).fill(7);
const streams = (tensor: string): readonly DirectionStream[] =>
  [0, 1].map((direction) => ({ runSeed, step: 1, direction, tensor, distribution: "gaussian" }));

async function prepared() {
  const model = await prepareModel(await openCheckpoint(tinyModel()), testRuntime(), tinyTask);
  const examples = await readExamples(model.task, each(tinyRecords(9)));
  const measurer = (units?: readonly (readonly number[])[]) =>
    Measurer.create({
      ...model,
      engine,
      tensors: selectTensors(model.description, "head"),
      smoothing: 0.01,
      examples,
      units,
      expectedVisits: 0,
    });
  return { examples, measurer };
}

test("a unit's vector is the mean of its records' vectors, and one vector a unit", async () => {
  const { measurer } = await prepared();
  const alone = await (await measurer()).differences([0, 1, 2, 3, 4, 5, 6, 7, 8], streams, 2);
  const units = [[3], [0, 8, 5], [1, 2]];
  const together = await (await measurer(units)).differences([1, 0], streams, 2);
  expect(together).toHaveLength(2);
  for (const k of [0, 1]) {
    const mean = [0, 8, 5].reduce((sum, record) => sum + alone[record]![k]!, 0) / 3;
    expect(together[0]![k]).toBeCloseTo(mean, 9);
    expect(together[1]![k]).toBe(alone[3]![k]);
    expect(mean).not.toBe(0);
  }
});

test("a unit's vector does not depend on the other units of the batch, bit for bit", async () => {
  const { measurer } = await prepared();
  const measure = await measurer([[0, 1], [2, 3, 4], [5], [6, 7, 8]]);
  const [alone] = await measure.differences([1], streams, 2);
  const among = await measure.differences([3, 1, 0], streams, 2);
  expect(among[1]).toEqual(alone);
});

test("texts are numbered over all examples, and a unit's are read once", () => {
  const prompt = { inputIds: new Int32Array(1), tokenTypeIds: new Int32Array(1), maskPosition: 0 };
  const example = (texts: number, label = 0): Example => ({
    texts: Array.from({ length: texts }, () => ({ prompt })),
    label,
  });
  const units = unitsOf([example(2), example(1), example(3)], [[2], [0, 1, 0]]);
  expect([...textsOf(units)]).toEqual([3, 4, 5, 0, 1, 2]);
  const readings = new Map([0, 1, 2, 3, 4, 5].map((text) => [text, [10 * text]] as const));
  const loss = (_: Example, own: readonly ArrayLike<number>[]) =>
    own.reduce((sum, reading) => sum + (reading[0] ?? 0), 0);
  expect(units.map((unit) => unitLoss(unit, readings, loss))).toEqual([120, (10 + 20 + 10) / 3]);
});
