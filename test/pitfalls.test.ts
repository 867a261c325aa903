/**
 * One test for each defect of published implementations that dpzo could have repeated and that no other suite
 * covers; `docs/pitfalls.md` has the whole list, and names the test of each.
 *
 * Tests whose names begin with a defect's number stand here and beside the code: `grep -rn "D11" src test`. The last test
 * of this file checks that every number has one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { epsilon } from "../src/accounting/index.js";
import { decodeFloat16, encodeFloat16, openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { DpzoError } from "../src/errors.js";
import { memoryFolder } from "../src/files.js";
import { MemoryLedgerFile } from "../src/ledger/index.js";
import { Measurer } from "../src/measure/measure.js";
import { createMechanism } from "../src/mechanism/index.js";
import { describeModel } from "../src/model/registry.js";
import { nodeRuntime } from "../src/node/index.js";
import { type TrainConfigInput, trainConfigSchema } from "../src/plan/config.js";
import { planEvent } from "../src/plan/event.js";
import { makePlan } from "../src/plan/make-plan.js";
import { noiseDeviation } from "../src/plan/noise.js";
import { latticeSensitivity, type Plan } from "../src/plan/plan.js";
import { applyStep, initialState, stepStreams } from "../src/replay/replay.js";
import type { InferenceRuntime } from "../src/runtime/runtime.js";
import { operatingSystemRandom, samplingRate } from "../src/sampling/index.js";
import type { ClassificationMetrics } from "../src/tasks/index.js";
import { prepareModel, readExamples } from "../src/train/prepare.js";
import { train } from "../src/train/run.js";
import { repositoryPath } from "./support/shared.js";
import { tinyModel, tinyRecords, tinyTask } from "./support/tiny-model.js";
import { each, keystream, tinyConfig, tinyRun } from "./support/tiny-run.js";

const tinyDescription = describeModel(
  JSON.parse(new TextDecoder().decode(tinyModel().files.get("config.json"))) as Record<string, unknown>,
);

function plan(change: Partial<TrainConfigInput> = {}, publicSize = 40): Plan {
  return makePlan({
    config: trainConfigSchema.parse({ ...tinyConfig, ...change }),
    description: tinyDescription,
    baseDigest: "0".repeat(64),
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: 32 },
    publicSize,
    random: keystream(1),
  });
}

/** Settings for which the accountant has little to do: every record in every batch. */
const cheap = { batch: 40, epsilon: 100 } as const;

test("D2, Z2, Z3: the rate that is sampled is the rate that is accounted for, and is B / n rounded down", () => {
  const made = plan({ batch: 7 }, 39);
  const event = planEvent(made);
  const text = JSON.stringify(event);
  expect(made.sampling.numerator).toBe(samplingRate(7, 39).numerator);
  expect(made.sampling.numerator / made.sampling.denominator).toBeLessThanOrEqual(7 / 39);
  expect(made.sampling.numerator + 1).toBeGreaterThan((7 / 39) * 2 ** 32);
  expect(text.match(/"samplingRate":[^,}]+/gu)).toEqual([
    `"samplingRate":${made.sampling.numerator / made.sampling.denominator}`,
  ]);
});

test("D3: K directions under one clip are accounted as one release a step, with the noise of the whole vector", () => {
  for (const directions of [1, 32]) {
    const made = plan({ ...cheap, directions, stages: 1 });
    expect(planEvent(made)).toEqual({
      kind: "composed",
      events: [
        {
          kind: "repeated",
          times: made.stages[0]!.steps,
          event: {
            kind: "poissonSampled",
            samplingRate: 1,
            event: {
              kind: "discreteGaussian",
              standardDeviation: noiseDeviation(made.mechanism),
              sensitivity: latticeSensitivity,
              dimensions: directions,
            },
          },
        },
      ],
    });
  }
  const [one, many] = [plan({ ...cheap, directions: 1 }), plan({ ...cheap, directions: 32 })];
  // No noise is saved by fewer directions, and none has to be added for more, beyond the lattice's rounding.
  expect(noiseDeviation(many.mechanism) / noiseDeviation(one.mechanism)).toBeCloseTo(1, 3);
});

test("D8: a delta of 1 / n or more is refused, and the default is 1e-5", () => {
  for (const delta of [1 / 40, 0.5]) {
    expect(() => plan({ ...cheap, delta })).toThrow(
      expect.objectContaining({ code: "delta-too-large", value: delta }) as Error,
    );
  }
  expect(plan({ ...cheap, delta: 0.0249 }).privacy.delta).toBe(0.0249);
  expect(trainConfigSchema.parse({ epsilon: 1 }).delta).toBe(1e-5);
});

test("D10: what a folder is called does not say what was run: method and figures come from the ledger's plan", async () => {
  const { model, result } = await tinyRun({ config: { ...cheap, steps: 3 } });
  const card = new TextDecoder().decode(model.files.get("README.md"));
  expect(card).toContain(`(${result.verified.plan.method}, forward passes only)`);
  expect(card).toContain(String(result.verified.epsilon));
  expect(card).toContain(result.verified.finalHash);
});

test("D16, A6: a configuration that has no run is refused by its schema, before anything is read", () => {
  const bad: Partial<Record<keyof TrainConfigInput, unknown>>[] = [
    { epsilon: 0 },
    { epsilon: -1 },
    { epsilon: NaN },
    { epsilon: Infinity },
    { delta: -1e-9 },
    { delta: 1 },
    { steps: 0 },
    { steps: 1.5 },
    { batch: 0 },
    { directions: 0 },
    { clip: 0 },
    { smoothing: 0 },
    { learningRate: Infinity },
    { proximal: -1 },
    { train: [] },
    { seed: -1 },
  ];
  for (const change of bad) {
    expect(trainConfigSchema.safeParse({ ...tinyConfig, ...change }).success, JSON.stringify(change)).toBe(
      false,
    );
  }
});

test("D17: calibration finds noise multipliers above 10: epsilon 1, 6,000 steps of 64 of 1,024 records", () => {
  const made = plan({ epsilon: 1, steps: 6000, batch: 64, stages: 1 }, 1024);
  const sigma = noiseDeviation(made.mechanism) / latticeSensitivity;
  // The central limit gives 18.1 (mu = 0.268); prv_accountant's upper bound, with its slack, 18.6 (methods.md 5.7).
  expect(sigma).toBeGreaterThan(18);
  expect(sigma).toBeLessThan(18.6);
  expect(made.privacy.epsilon).toBeLessThanOrEqual(1);
  expect(made.privacy.epsilon).toBeGreaterThan(0.999);
});

test("D18: a run releases exactly the planned steps; run again it draws no randomness at all", async () => {
  const config = { ...cheap, steps: 5 };
  const first = await tinyRun({ config });
  expect(first.result.verified.entries.length).toBe(5);
  let draws = 0;
  const again = await tinyRun({
    config,
    ledger: first.ledger,
    secret: (out) => {
      draws += out.length;
    },
  });
  expect(draws).toBe(0);
  expect(again.ledger).toEqual(first.ledger);
  expect(again.model.files.get("model.safetensors")).toEqual(first.model.files.get("model.safetensors"));
});

test("D20, Z6: half-precision weights are perturbed in float32: a scale of 1e-6 moves nearly all of them", () => {
  const engine = createDirectionEngine();
  const toHalf = (values: Float32Array): Float32Array => {
    const half = new Uint16Array(values.length);
    encodeFloat16(values, half);
    return decodeFloat16(half);
  };
  const exact = Float32Array.from({ length: 4096 }, (_, i) => 0.02 * Math.sin(i + 1));
  const weights = toHalf(exact);
  const [plus, minus] = [new Float32Array(4096), new Float32Array(4096)];
  const stream = {
    runSeed: new Uint8Array(32),
    step: 1,
    direction: 0,
    tensor: "w",
    distribution: "gaussian",
  } as const;
  engine.perturb(weights, stream, 1e-6, plus, minus);
  const moved = (values: Float32Array): number => values.filter((v, i) => v !== weights[i]).length / 4096;
  expect(moved(plus)).toBeGreaterThan(0.99);
  expect(moved(minus)).toBeGreaterThan(0.99);
  // What the published code did: in half precision hardly anything moves.
  expect(moved(toHalf(plus))).toBeLessThan(0.2);
});

test("D21, Z6: without a public test file nothing is scored, and the last weights are the result", async () => {
  const { events, result, model, ledger } = await tinyRun({ config: { ...cheap, steps: 4 } });
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["plan", "encoding", "step"]));
  expect(result).not.toHaveProperty("zeroShot");
  expect(result).not.toHaveProperty("final");
  // All steps are in the weights: one step less gives others.
  const lines = new TextDecoder().decode(ledger).split("\n");
  const shorter = new TextEncoder().encode(`${lines.slice(0, -2).join("\n")}\n`);
  const stopped = await tinyRun({ config: { ...cheap, steps: 4 }, ledger: shorter, secret: keystream(77) });
  expect(stopped.model.files.get("model.safetensors")).not.toEqual(model.files.get("model.safetensors"));
});

test("A3, D22: a step makes two forward passes a direction over its batch, and no other pass", async () => {
  const real = nodeRuntime({ threads: 1 });
  let passes = 0;
  const counting: InferenceRuntime = {
    ...real,
    createSession: async (bytes) => {
      const session = await real.createSession(bytes);
      return {
        ...session,
        run: (feeds) => {
          passes += 1;
          return session.run(feeds);
        },
      };
    },
  };
  const atStep: number[] = [];
  const model = memoryFolder("model");
  await train(
    {
      base: await openCheckpoint(tinyModel()),
      runtime: counting,
      task: tinyTask,
      config: trainConfigSchema.parse({ ...tinyConfig, ...cheap, steps: 4, stages: 1 }),
      records: each(tinyRecords(40)),
      files: { ledger: new MemoryLedgerFile(), model, reopen: () => openCheckpoint(model) },
      onEvent: ({ kind }) => {
        if (kind === "step") atStep.push(passes);
      },
    },
    { secret: keystream(1) },
  );
  const afterwards = passes;
  // The head alone is trained, its input kept: a pass is one run of one graph.
  expect(atStep.map((count, i) => count - (atStep[i - 1] ?? count - 6))).toEqual([6, 6, 6, 6]);
  expect(afterwards).toBe(atStep.at(-1));
});

test("D23, Z6: measuring changes no canonical weight by a single bit, however often", async () => {
  const model = await prepareModel(await openCheckpoint(tinyModel()), nodeRuntime({ threads: 1 }), tinyTask);
  const examples = await readExamples(model.task, each(tinyRecords(8)));
  const made = plan({ ...cheap, train: ["all"], stages: 1 });
  const stage = made.stages[0]!;
  const before = [...model.weights].map(([name, values]) => [name, values.slice()] as const);
  const engine = createDirectionEngine();
  const { tensors, smoothing } = stage;
  const measurer = await Measurer.create({
    ...model,
    engine,
    tensors,
    smoothing,
    examples,
    expectedVisits: 0,
  });
  for (let step = 1; step <= 20; step += 1) {
    await measurer.differences([0, 3, 5], stepStreams(made, stage, step, model.weights, engine), 3);
  }
  for (const [name, values] of before)
    expect(Buffer.from(model.weights.get(name)!.buffer).equals(Buffer.from(values.buffer))).toBe(true);
});

test("Z1, A1: noise and membership cannot reach the direction seeds: neither module knows the other", () => {
  for (const [room, foreign] of [
    ["mechanism", /directions\//u],
    ["sampling", /directions\//u],
    ["directions", /(mechanism|sampling)\//u],
  ] as const) {
    const folder = repositoryPath(`src/${room}`);
    const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    expect(sources.length).toBeGreaterThan(2);
    for (const name of sources) {
      const imports = readFileSync(join(folder, name), "utf8").match(/from "[^"]+"/gu) ?? [];
      expect(
        imports.filter((text) => foreign.test(text)),
        `${room}/${name}`,
      ).toEqual([]);
    }
  }
});

test("Z4: an update divides by the public expected batch, and cannot know the batch that was drawn", () => {
  const engine = createDirectionEngine();
  const moved = (batch: number): Float32Array => {
    const made = plan({ ...cheap, stages: 1 });
    const stage = { ...made.stages[0]!, tensors: ["w"] };
    const state = initialState(new Map([["w", new Float32Array(64)]]));
    const values = [3_000_000, -1_000_000, 500_000];
    const sampling = { ...made.sampling, expectedBatch: batch };
    applyStep(state, { ...made, sampling, stages: [stage] }, { step: 1, stage: 0, values }, engine);
    return state.weights.get("w")!;
  };
  // A power of two, so that halving the divisor doubles every bit-exact value.
  expect(moved(20)).toEqual(moved(40).map((value) => 2 * value));
});

test("A7: a data set without records, or a public size that is none, has no plan", async () => {
  expect(() => plan({}, 0)).toThrow(DpzoError);
  expect(() => plan({}, -3)).toThrow(DpzoError);
  await expect(tinyRun({ records: [], config: { publicSize: undefined } })).rejects.toThrow(DpzoError);
});

test("D4, D5: the pull is towards a copy of the stage's start, in every coordinate, whatever the direction is", () => {
  const engine = createDirectionEngine();
  const made = plan({ ...cheap, stages: 1, proximal: 4, learningRate: 0.5 });
  const stage = { ...made.stages[0]!, tensors: ["w"] };
  const start = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i));
  const state = initialState(new Map([["w", start.slice()]]));
  const step = (number: number, values: number[]): Float32Array => {
    applyStep(state, { ...made, stages: [stage] }, { step: number, stage: 0, values }, engine);
    return state.weights.get("w")!.slice();
  };
  const moved = step(1, [8_000_000, -3_000_000, 5_000_000]);
  // Nothing was released, so there is the pull alone: an anchor that is the live weights would not move them at all,
  // and a pull along a direction would push half of them away.
  const pulled = step(2, [0, 0, 0]);
  pulled.forEach((value, i) => {
    expect(value).toBeCloseTo((moved[i]! + 2 * start[i]!) / 3, 5);
  });
  expect(moved).not.toEqual(start);
});

test("D7, A2: no setting seeds noise or sampling, and two runs of one --seed share neither", async () => {
  const seeds = Object.keys(trainConfigSchema.shape).filter((key) => /seed|random/iu.test(key));
  expect(seeds).toEqual(["seed"]);
  const runs = [1, 2].map(() =>
    tinyRun({ config: { ...cheap, batch: 20, steps: 3, seed: 3 }, secret: operatingSystemRandom }),
  );
  const [a, b] = (await Promise.all(runs)).map(({ result }) => result.verified);
  expect(a!.plan.directions.runSeed).toBe(b!.plan.directions.runSeed);
  const values = [...a!.entries, ...b!.entries].flatMap((entry) => entry.values ?? []);
  expect(new Set(values).size).toBe(values.length);
});

test("D9: every coordinate has noise of its own: differences of released values are not free of it", () => {
  const spec = {
    directions: 64,
    clipThreshold: 1,
    latticeSensitivity,
    standardDeviation: latticeSensitivity,
  };
  const { values } = createMechanism(spec, keystream(3)).release([]);
  const [first = 0, ...others] = values;
  const differences = others.map((value) => (value - first) / latticeSensitivity);
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length;
  expect(variance).toBeGreaterThan(0.4);
  expect(variance).toBeLessThan(2);
});

test("Z5: records are clipped one by one, not their sum: two long ones count twice", () => {
  const spec = { directions: 2, clipThreshold: 1, latticeSensitivity, standardDeviation: latticeSensitivity };
  const release = (rows: readonly Float64Array[]): readonly number[] =>
    createMechanism(spec, keystream(4)).release(rows).values;
  const long = Float64Array.of(1000, 0);
  const noise = release([]);
  expect(release([long, long]).map((value, k) => value - noise[k]!)).toEqual([2 * latticeSensitivity, 0]);
  expect(release([long, Float64Array.of(-1000, 0)])).toEqual(noise);
});

test("A4: a step whose sample is empty measures, releases noise and is charged like any other", async () => {
  const noise = keystream(2);
  const result = await tinyRun({
    config: { ...cheap, batch: 20, steps: 4, stages: 1 },
    secret: (out) => {
      // Draws that leave every one of the 40 records out.
      if (out.length === 160) out.fill(255);
      else noise(out);
    },
  }).then((run) => run.result);
  const { entries } = result.verified;
  expect(entries).toHaveLength(4);
  for (const { values } of entries) expect(values?.every((value) => value !== 0)).toBe(true);
});

test("A5: a public test file changes nothing: not the plan, not a release, not the weights", async () => {
  const config = { ...cheap, steps: 4 };
  const runs = [
    await tinyRun({ config, secret: keystream(6) }),
    await tinyRun({ config, secret: keystream(6), evaluation: tinyRecords(20, 5) }),
    await tinyRun({
      config,
      secret: keystream(6),
      evaluation: tinyRecords(20, 5).map((record) => ({
        ...record,
        label: record.label === "0" ? "1" : "0",
      })),
    }),
  ];
  const [plain, right, wrong] = runs.map(({ result }) => result);
  for (const { ledger, model } of runs) {
    expect(ledger).toEqual(runs[0]!.ledger);
    expect(model.files).toEqual(runs[0]!.model.files);
  }
  expect(plain!.final).toBeUndefined();
  const accuracy = (run?: (typeof runs)[0]["result"]) => (run?.final as ClassificationMetrics).accuracy;
  expect(accuracy(right) + accuracy(wrong)).toBeCloseTo(1, 10);
});

test("D19, A8: infinite and NaN differences neither pass the clip nor mark their record", () => {
  const spec = { directions: 2, clipThreshold: 1, latticeSensitivity, standardDeviation: latticeSensitivity };
  const release = (...rows: readonly number[][]): readonly number[] =>
    createMechanism(spec, keystream(5)).release(rows.map((row) => Float64Array.from(row))).values;
  expect(release([NaN, Infinity])).toEqual(release());
  expect(release([NaN, 0.5], [-Infinity, 0.25])).toEqual(release([0, 0.5], [0, 0.25]));
});

test("every defect of the survey has a test whose name begins with its number", () => {
  const numbers = (letter: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
  const wanted = [...numbers("D", 23), ...numbers("Z", 6), ...numbers("A", 8)];
  const files = ["src", "test"].flatMap((folder) =>
    readdirSync(repositoryPath(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
  );
  const names = files.flatMap((text) =>
    [...text.matchAll(/\btest\(\s*[`"]((?:[DZA]\d+(?:, )?)+)/gu)].flatMap(
      (match) => match[1]?.split(", ") ?? [],
    ),
  );
  expect(wanted.filter((number) => !names.includes(number))).toEqual([]);
});

test("an event that the accountant does not know is refused at any depth, not approximated", () => {
  const unknown = { kind: "mystery" } as never;
  for (const event of [
    unknown,
    { kind: "repeated", event: unknown, times: 3 },
    { kind: "poissonSampled", samplingRate: 0.1, event: unknown },
    { kind: "composed", events: [{ kind: "poissonSampled", samplingRate: 0.1, event: unknown }] },
  ] as const) {
    expect(() => epsilon(event as never, 1e-5)).toThrow(
      expect.objectContaining({ code: "unknown-event", value: "mystery" }) as Error,
    );
  }
});
