import { beforeAll, expect, test } from "vitest";

import { createDirectionEngine } from "../directions/index.js";
import { DpzoError } from "../errors.js";
import { MemoryLedgerFile, openLedger } from "../ledger/index.js";
import type { Measurer } from "../measure/measure.js";
import { planEvent } from "../plan/event.js";
import { releaseSchedule } from "../plan/noise.js";
import type { Plan } from "../plan/plan.js";
import { initialState } from "../replay/replay.js";
import { keystream, tinyRun } from "../../test/support/tiny-run.js";
import { runSteps, type StepsOptions } from "./steps.js";

let plan: Plan;

beforeAll(async () => {
  const { result } = await tinyRun({ config: { batch: 40, epsilon: 100, steps: 4, stages: 2 } });
  plan = result.verified.plan;
});

/** A ledger file that writes down what it is asked to do, and when randomness is drawn and weights read. */
class Watched extends MemoryLedgerFile {
  constructor(readonly log: string[]) {
    super();
  }

  override append(bytes: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    this.log.push(text.endsWith("\n") ? "release" : "announce");
    return super.append(bytes);
  }

  override sync(): Promise<void> {
    this.log.push("sync");
    return super.sync();
  }
}

/** A private side that only differs; `onRelease` hears when it is told to free what it holds. */
function measurerOf(differences: Measurer["differences"], onRelease?: () => void): Measurer {
  const release = (): Promise<void> => Promise.resolve(onRelease?.());
  return { differences, release } as unknown as Measurer;
}

async function setUp(change: Partial<StepsOptions> = {}) {
  const log: string[] = [];
  const file = new Watched(log);
  const weights = new Map(
    plan.stages.flatMap(({ tensors }) => tensors).map((name) => [name, new Float32Array(4)]),
  );
  const random = keystream(1);
  const differences = (): Promise<readonly Float64Array[]> => {
    log.push("measure");
    return Promise.resolve([Float64Array.of(1, 2, 3)]);
  };
  const options: StepsOptions = {
    plan,
    state: initialState(weights),
    engine: createDirectionEngine(),
    ledger: await openLedger(file, plan, releaseSchedule(plan)),
    records: 40,
    measurer: () => Promise.resolve(measurerOf(differences)),
    random: (out) => {
      const last = log.at(-1);
      const what = out.length === 160 ? "sample" : "noise";
      if (last !== what) log.push(what);
      random(out);
    },
    stopRequested: () => false,
    onStep: () => {
      const moved = [...weights.values()].some((values) => values.some((value) => value !== 0));
      log.push(moved ? "told" : "told too early");
    },
    ...change,
  };
  return { options, log, file, weights };
}

test("A release is on disk before any weight moves or anything is shown; a batch is drawn after the announcement.", async () => {
  const { options, log } = await setUp();
  await runSteps(options);
  const one = ["announce", "sync", "sample", "measure", "noise", "release", "sync", "told"];
  expect(log).toEqual([...one, ...one, ...one, ...one]);
});

test("a wish to stop is asked before each step, and a step that has begun is finished", async () => {
  let asked = 0;
  const { options, file } = await setUp({ stopRequested: () => (asked += 1) > 2 });
  await runSteps(options);
  const text = new TextDecoder().decode(await file.readAll());
  expect(text.trimEnd().split("\n").length).toBe(3);
  expect(text.endsWith("\n")).toBe(true);
  expect(options.ledger.isComplete).toBe(false);
});

test("the private side is prepared once a stage, with what the stage before has", async () => {
  const prepared: [stage: number, hasPrevious: boolean][] = [];
  const { options } = await setUp();
  await runSteps({
    ...options,
    measurer: (stage, previous) => {
      prepared.push([plan.stages.indexOf(stage), previous !== undefined]);
      return options.measurer(stage, previous, undefined);
    },
  });
  expect(prepared).toEqual([
    [0, false],
    [1, true],
  ]);
});

test("a stage's private side frees its memory before the next is made, and when a step fails", async () => {
  const live = async (fails: boolean): Promise<readonly string[]> => {
    const told: string[] = [];
    const { options } = await setUp();
    const differences: Measurer["differences"] = () =>
      fails ? Promise.reject(new Error("a step that fails")) : Promise.resolve([]);
    const measurer: StepsOptions["measurer"] = (stage) => {
      const index = plan.stages.indexOf(stage);
      told.push(`made ${index}`);
      return Promise.resolve(measurerOf(differences, () => told.push(`freed ${index}`)));
    };
    await runSteps({ ...options, measurer }).catch(() => told.push("failed"));
    return told;
  };
  expect(await live(false)).toEqual(["made 0", "freed 0", "made 1", "freed 1"]);
  expect(await live(true)).toEqual(["made 0", "freed 0", "failed"]);
});

test("D2, Z3: each stage samples at its own rate, which is the one its event has", async () => {
  const [first, ...others] = plan.stages;
  const sampling = { expectedBatch: 4, numerator: 2 ** 28 };
  const made: Plan = { ...plan, format: "dpzo-plan/2", stages: [{ ...first!, sampling }, ...others] };
  const sizes: number[] = [];
  const noise = keystream(3);
  const { options } = await setUp();
  await runSteps({
    ...options,
    plan: made,
    ledger: await openLedger(new MemoryLedgerFile(), made, releaseSchedule(made)),
    random: (out) => {
      noise(out);
      // Every record draws 2^29: not below the first stage's rate, and below the plan's.
      if (out.length === 160) new Uint32Array(out.buffer, out.byteOffset, 40).fill(2 ** 29);
    },
    measurer: () => {
      const differences = (batch: Iterable<number>): Promise<readonly Float64Array[]> => {
        sizes.push([...batch].length);
        return Promise.resolve([]);
      };
      return Promise.resolve(measurerOf(differences));
    },
  });
  expect(plan.sampling.numerator).toBeGreaterThan(2 ** 29);
  expect(sizes).toEqual([
    ...Array<number>(first!.steps).fill(0),
    ...Array<number>(4 - first!.steps).fill(40),
  ]);
  const event = planEvent(made);
  const rates = event.kind === "composed" ? JSON.stringify(event).match(/"samplingRate":[\d.]+/gu) : [];
  expect(rates).toEqual(['"samplingRate":0.0625', '"samplingRate":1']);
});

test("a private side that was prepared without the stage's mask is refused before anything is measured", async () => {
  const mask = {
    score: "small-magnitude",
    strategy: "static",
    granularity: "weight",
    ratio: 0.5,
    floor: 0,
    queries: 1,
  } as const;
  const stages = plan.stages.map((stage) => ({ ...stage, mask }));
  const made: Plan = { ...plan, format: "dpzo-plan/2", method: "dp-zopo", stages };
  const { options, log } = await setUp();
  const ledger = await openLedger(new MemoryLedgerFile(), made, releaseSchedule(made));
  await expect(runSteps({ ...options, plan: made, ledger })).rejects.toThrow(
    expect.objectContaining({ code: "mask-not-measured", value: 0 }) as Error,
  );
  expect(log).toEqual([]);
});

test("No private value leaves in an error: a foreign one is withheld, and the step stays announced", async () => {
  const { options, file } = await setUp();
  const before = new TextDecoder().decode(await file.readAll());
  const differences = (): Promise<never> => Promise.reject(new Error("row 17: secret text"));
  const failing = runSteps({
    ...options,
    measurer: () => Promise.resolve(measurerOf(differences)),
  });
  const error = await failing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DpzoError);
  expect(error).toMatchObject({ code: "private-side-failed" });
  expect((error as Error).message).not.toContain("secret");
  expect((error as Error).cause).toBeUndefined();
  expect(new TextDecoder().decode(await file.readAll())).toBe(`${before}{"step":1,"stage":0,`);
});

test("whatever ends a step after its batch was drawn charges it: no step is ever sampled twice", async () => {
  const samples: number[] = [];
  const { options, file, log } = await setUp();
  const measure = options.measurer;
  /** One life of the process: it dies in the private side of the step it begins with, or not. */
  const live = async (dies: boolean, random = options.random): Promise<readonly { step: number }[]> => {
    const ledger = await openLedger(file, plan, releaseSchedule(plan));
    const differences = (): Promise<never> =>
      Promise.reject(new Error("a batch that brings the process down"));
    const measurer = dies ? () => Promise.resolve(measurerOf(differences)) : measure;
    const watched: typeof random = (out) => {
      if (out.length === 160) samples.push(ledger.nextStep);
      random(out);
    };
    await runSteps({ ...options, ledger, measurer, random: watched }).catch(() => undefined);
    return ledger.entries;
  };
  await live(true);
  await live(true);
  const stuck = (): void => {
    throw new Error("the generator failed while the batch was drawn");
  };
  await live(false, stuck);
  const entries = await live(false);
  expect(entries.map((entry) => ("lost" in entry ? "lost" : "released"))).toEqual([
    ...["lost", "lost", "lost"],
    "released",
  ]);
  expect(samples).toEqual([1, 2, 3, 4]);
  expect(log.filter((what) => what === "measure")).toHaveLength(1);
});
