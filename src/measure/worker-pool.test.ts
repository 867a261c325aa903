import { afterEach, expect, test } from "vitest";

import { encodeBfloat16, openCheckpoint } from "../checkpoint/index.js";
import { createDirectionEngine, type DirectionStream } from "../directions/index.js";
import { selectTensors } from "../model/selection.js";
import { WeightStore } from "../model/weight-store.js";
import { nodeRuntime } from "../node/index.js";
import { prepareModel, readExamples } from "../train/prepare.js";
import { tinyModel, tinyRecords, tinyTask } from "../../test/support/tiny-model.js";
import { each } from "../../test/support/tiny-run.js";
import { Measurer } from "./measure.js";

const engine = createDirectionEngine();
const runSeed = new Uint8Array(32).fill(3);
const streams = (tensor: string): readonly DirectionStream[] =>
  [0, 1].map((direction) => ({ runSeed, step: 1, direction, tensor, distribution: "gaussian" }));
const records = tinyRecords(24);
const everyone = records.map((_, index) => index);
const opened: Measurer[] = [];

afterEach(async () => {
  for (const measurer of opened.splice(0)) await measurer.release();
});

/** The weights as a large checkpoint's are held: as the file's 16 bits until somebody writes to them. */
function inHalves(weights: ReadonlyMap<string, Float32Array>): WeightStore {
  const store = new WeightStore(2 ** 20);
  for (const [name, values] of weights) {
    const bits = new Uint16Array(values.length);
    encodeBfloat16(values, bits);
    store.add(name, { dtype: "BF16", bits });
  }
  return store;
}

async function measuring(threads: number, train: string) {
  const model = await prepareModel(await openCheckpoint(tinyModel()), nodeRuntime({ threads }), tinyTask);
  const weights = inHalves(model.weights);
  const tensors = selectTensors(model.description, train);
  const examples = await readExamples(model.task, each(records));
  const measurer = await Measurer.create({
    ...model,
    weights,
    engine,
    tensors,
    smoothing: 0.01,
    examples,
    expectedVisits: 0,
  });
  opened.push(measurer);
  /** What a step does to the weights, in place. */
  const update = (): void => {
    for (const tensor of tensors) weights.get(tensor)?.forEach((value, at, all) => (all[at] = value * 1.5));
  };
  return { measurer, update };
}

test.each(["head", "last:1", "all"])(
  "workers see a step's update of weights that were 16 bits when they were shared: %s",
  async (train) => {
    const [one, two] = [await measuring(1, train), await measuring(2, train)];
    const differences = ({ measurer }: typeof one) => measurer.differences(everyone, streams, 2);
    const before = await differences(one);
    expect(await differences(two)).toEqual(before);
    one.update();
    two.update();
    const after = await differences(one);
    expect(after).not.toEqual(before);
    expect(await differences(two)).toEqual(after);
  },
);
