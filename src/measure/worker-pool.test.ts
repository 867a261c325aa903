import { afterEach, expect, test } from "vitest";

import { encodeBfloat16, openCheckpoint } from "../checkpoint/index.js";
import { createDirectionEngine, type DirectionStream } from "../directions/index.js";
import { selectTensors } from "../model/selection.js";
import { WeightStore } from "../model/weight-store.js";
import { nodeRuntime } from "../node/index.js";
import type { MemoryFolder } from "../files.js";
import type { TaskConfig } from "../plan/config.js";
import { prepareModel, readExamples } from "../train/prepare.js";
import { tinyDecoder } from "../../test/support/tiny-decoder.js";
import { tinyModel, tinyRecords, tinyTask } from "../../test/support/tiny-model.js";
import { each } from "../../test/support/tiny-run.js";
import type { InferenceRuntime, WorkerHost, WorkerPort } from "../runtime/runtime.js";
import { StageRunner } from "../runtime/stage-runner.js";
import { Measurer } from "./measure.js";
import { serveWalks } from "./serve-walks.js";
import type { Numbered, WorkerRequest } from "./worker-protocol.js";

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

/** What goes wrong at a request of a kind: the worker ends, nothing can be sent to it, or its answer cannot be sent. */
interface Fault {
  readonly at: WorkerRequest["kind"] | "start";
  readonly how: "ends" | "cannot be sent" | "cannot be answered";
}

/** What a private value would look like in an error. */
const canary = "quokkaville";

/** Workers in this thread, the first of which fail as told. */
function failingHost(faults: readonly Fault[]): WorkerHost {
  const left = [...faults];
  return {
    count: 2,
    start: () => {
      const fault = left.shift();
      if (fault?.at === "start") throw new Error(canary);
      return failingPort(fault);
    },
  };
}

/** A worker that fails once. */
function failingPort(fault: Fault | undefined): WorkerPort {
  let pending = fault;
  let toWorker: (message: unknown) => void = () => undefined;
  let toAsker: (message: unknown) => void = () => undefined;
  let gone = (): void => undefined;
  let unsendable: number | undefined;
  const reply = (message: unknown): void => {
    const { job, body } = message as Numbered<{ kind: string }>;
    if (job === unsendable && body.kind !== "failed") throw new Error(canary);
    queueMicrotask(() => {
      toAsker(structuredClone(message));
    });
  };
  serveWalks({ post: reply, onMessage: (listen) => (toWorker = listen) }, nodeRuntime({ threads: 1 }));
  return {
    post: (message) => {
      const { job, body } = message as Numbered<WorkerRequest>;
      const how = pending?.at === body.kind ? pending.how : undefined;
      if (how !== undefined) pending = undefined;
      if (how === "cannot be sent") throw new Error(canary);
      if (how === "cannot be answered") unsendable = job;
      const sent = structuredClone(message);
      queueMicrotask(() => {
        if (how === "ends") gone();
        else toWorker(sent);
      });
    },
    onMessage: (listen) => (toAsker = listen),
    onFailure: (listen) => (gone = listen),
    close: () => Promise.resolve(),
  };
}

const faults: readonly Fault[] = [
  { at: "start", how: "ends" },
  ...(["open", "encode", "readings", "close"] as const).flatMap((at) =>
    (["ends", "cannot be sent", "cannot be answered"] as const).map((how): Fault => ({ at, how })),
  ),
];
test.each(faults)(
  "a worker that fails keeps nobody waiting and says nothing: at $at, it $how; the next walk is whole",
  async (fault) => {
    const runtime = { ...nodeRuntime({ threads: 1 }), workers: failingHost([fault]) };
    const model = await prepareModel(
      await openCheckpoint(tinyModel()),
      nodeRuntime({ threads: 1 }),
      tinyTask,
    );
    const examples = await readExamples(model.task, each(records));
    const tensors = selectTensors(model.description, "head");
    const walk = async (runner: StageRunner) => {
      const measurer = await Measurer.create({
        ...model,
        runner,
        engine,
        tensors,
        smoothing: 0.01,
        examples,
        expectedVisits: 2,
      });
      try {
        return await measurer.differences(everyone, streams, 2);
      } finally {
        await measurer.release();
      }
    };
    const workers = new StageRunner(runtime);
    const first = await walk(workers).catch((error: unknown) => error);
    const expected = await walk(model.runner);
    if (fault.at === "close") expect(first).toEqual(expected);
    else {
      expect(String(first)).toMatch(/RuntimeError: The forward passes failed in a worker/u);
      expect(`${String(first)}${(first as Error).stack ?? ""}`).not.toContain(canary);
    }
    expect(await walk(workers)).toEqual(expected);
  },
);

test("two models on one runtime at once give what each gives by itself", async () => {
  const shared = nodeRuntime({ threads: 2 });
  const walking = async (folder: MemoryFolder, runtime: InferenceRuntime, task: TaskConfig) => {
    const model = await prepareModel(await openCheckpoint(folder), runtime, task);
    const measurer = await Measurer.create({
      ...model,
      engine,
      tensors: selectTensors(model.description, "all"),
      smoothing: 0.01,
      examples: await readExamples(model.task, each(records)),
      expectedVisits: 0,
    });
    opened.push(measurer);
    return () => measurer.differences(everyone, streams, 2);
  };
  const models = [
    [tinyModel(), tinyTask],
    [tinyDecoder(), { template: "{text} It was {mask}", labelWords: "terrible,great", maximumTokens: 48 }],
  ] as const;
  const apart: (readonly Float64Array[])[] = [];
  for (const [folder, task] of models)
    apart.push(await (await walking(folder, nodeRuntime({ threads: 1 }), task))());
  const walks = await Promise.all(models.map(([folder, task]) => walking(folder, shared, task)));
  expect(await Promise.all(walks.map((walk) => walk()))).toEqual(apart);
});
