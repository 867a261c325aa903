/**
 * Frozen noise: whole runs on data sets with a record (or unit) more, with the same secret bytes, at settings where a flipped
 * bit of a logit is as large as a clip. What a release moves by must be what that record adds to an empty data set, integer
 * for integer, and so at most N: what one record does reaches nothing but its own vector.
 *
 * Both runs must have seen the same releases so far. So weights and clip stand still (a learning rate of 1e-300 moves no
 * float), or each step is made from the same ledger.
 */
import { expect, test } from "vitest";

import { nodeRuntime } from "../src/node/index.js";
import type { TaskConfig, TrainConfigInput } from "../src/plan/config.js";
import {
  frozenRun,
  type FrozenRun,
  gap,
  inSensitivities,
  type KeyedRecord,
  ledgerPrefix,
  type Released,
  type Sampled,
  withinSensitivity,
} from "./support/frozen-noise.js";
import { tinyRecords, tinyTask } from "./support/tiny-model.js";
import { wideModel } from "./support/wide-model.js";

const runtime = nodeRuntime({ threads: 2 });
const layers = 2;
const bases = {
  bert: wideModel({ kind: "bert", hidden: 128, layers, positions: 64 }),
  gpt2: wideModel({ kind: "gpt2", hidden: 128, layers, positions: 160 }),
  "llama-128": wideModel({ kind: "llama-128", hidden: 128, layers, positions: 160 }),
  "qwen3-128": wideModel({ kind: "qwen3-128", hidden: 128, layers, positions: 160 }),
};

const fill: TaskConfig = { ...tinyTask, maximumTokens: 48 };
const follow = { template: "{text} It was {mask}", maximumTokens: 96 };
const words: TaskConfig = { ...follow, labelWords: "terrible,great" };
const options: TaskConfig = { ...follow, options: "no|yes because" };
const answers: TaskConfig = { ...follow, answers: "answers", answerTokens: 6 };

/** phi 1e-9, K 16, and a clip that every record is over; nearly everybody is sampled. */
const extreme: TrainConfigInput = {
  method: "dp-aggzo",
  epsilon: 100,
  delta: 1e-5,
  steps: 2,
  batch: 36,
  publicSize: 40,
  directions: 16,
  clip: 1e-7,
  smoothing: 1e-9,
  learningRate: 1e-300,
  seed: 7,
  train: ["all"],
};
/** So few records are expected to be sampled that frozen stages are not kept; who really is, is up to the secret bytes. */
const notKept = { batch: 12 };
/** Modes that are not about the number of directions. */
const few = { directions: 4 };
const one = { directions: undefined };
const adapters = { train: undefined };

interface Mode {
  readonly base?: keyof typeof bases;
  readonly task?: TaskConfig;
  readonly config: Partial<TrainConfigInput>;
}

const modes: Readonly<Record<string, Mode>> = {
  "all weights": { config: {} },
  "a clip that never bites": { config: { clip: 1e6, ...few } },
  "a clip that follows a quantile": { config: { clip: 300, clipQuantile: 0.5, clipRate: 1e-300 } },
  "a clip each": { config: { clipMode: "per-scalar", ...few } },
  "one-sided": { config: { estimator: "one-sided", ...few } },
  "one-sided, a quantile, the head": {
    config: { estimator: "one-sided", clip: 300, clipQuantile: 0.3, clipRate: 1e-300, train: ["head"] },
  },
  "Laplace noise": { config: { ...one, method: "dp-zo", delta: 0 } },
  "a displacement": { config: { smoothingUnit: "displacement", smoothing: 1e-5, ...few } },
  "a mask": { config: { method: "dp-zopo", stages: 1, maskRatio: [0.05] } },
  LoRA: { config: { adapter: "lora", loraRank: 3, ...adapters } },
  "a prefix of virtual tokens": { config: { adapter: "prefix", prefixLength: 3, ...adapters } },
  "the head, prefix kept": { config: { train: ["head"] } },
  "the head, prefix not kept": { config: { train: ["head"], ...notKept } },
  "the last block, prefix kept": { config: { train: ["last:1"], ...few } },
  "the last block, prefix not kept": { config: { train: ["last:1"], ...notKept } },
  "two stages, the second on what the first kept": {
    config: { ...few, method: "dp-zoso", stages: 2, steps: 4, stageSteps: [2, 2], train: ["last:1"] },
  },
  "Llama, label words": { base: "llama-128", task: words, config: few },
  "Llama, options, prefix kept": {
    base: "llama-128",
    task: options,
    config: { train: ["last:1"], ...few },
  },
  "Llama, answers": { base: "llama-128", task: answers, config: few },
  "GPT-2, options, LoRA": {
    base: "gpt2",
    task: options,
    config: { adapter: "lora", loraRank: 2, ...few, ...adapters },
  },
  "GPT-2, answers, the head, prefix kept": {
    base: "gpt2",
    task: answers,
    config: { train: ["head"], ...few },
  },
  "Qwen3, label words, the last block, prefix not kept": {
    base: "qwen3-128",
    task: words,
    config: { train: ["last:1"], ...few, ...notKept },
  },
};

/** How many of the common records a run's samples have: one less than where kernels and micro-batches change. */
const sampleSizes = [7, 15];
const common: readonly KeyedRecord[] = tinyRecords(17).map((record, index) => ({
  ...record,
  key: `c${String(index)}`,
  answers: [record.label === "1" ? "great" : "terrible film"],
}));
const bySize: Sampled = (key, sample) =>
  !key.startsWith("c") || Number(key.slice(1)) < (sampleSizes[(sample - 1) % sampleSizes.length] ?? 0);
const nobodyElse: Sampled = (key, sample) => key.startsWith("c") && bySize(key, sample);

const short: KeyedRecord = {
  text: "warm bright film",
  label: "1",
  line: 90,
  key: "short",
  answers: ["great"],
};
const long: KeyedRecord = {
  text: "dull slow cold story of a grim house and ".repeat(9),
  label: "0",
  line: 91,
  key: "long",
  answers: ["terrible because it was so dull"],
};

function inserted(
  records: readonly KeyedRecord[],
  place: number,
  ...extra: readonly KeyedRecord[]
): KeyedRecord[] {
  return records.toSpliced(place, 0, ...extra);
}

/** Each step's release moved by what the extra record gives by itself, within N. */
function expectOwn(what: string, more: Released, less: Released, own: Released, nobody: Released): void {
  for (const [step, values] of more.values.entries()) {
    const moved = gap(values, less.values[step]!);
    const bound = `${what}, step ${step + 1}: ${inSensitivities(moved).toFixed(3)} N`;
    expect(withinSensitivity(moved), bound).toBe(true);
    expect(moved, what).toEqual(gap(own.values[step]!, nobody.values[step]!));
  }
}

const isMoved = (own: Released, nobody: Released): boolean =>
  own.values.some((values, step) => gap(values, nobody.values[step]!).some((value) => value !== 0n));

for (const [name, { base = "bert", task = fill, config }] of Object.entries(modes)) {
  test(`one record more moves every release by its own vector, wherever it stands, and within N: ${name}`, async () => {
    const setting = { base: bases[base], runtime, task, config: { ...extreme, ...config } };
    const run = (records: readonly KeyedRecord[], sampled = bySize): Promise<Released> =>
      frozenRun({ ...setting, records, sampled });
    const less = await run(common);
    const nobody = await run([]);
    for (const [extra, place] of [
      [short, 0],
      [long, 8],
    ] as const) {
      const own = await run([extra]);
      expect(isMoved(own, nobody)).toBe(true);
      const more = await run(inserted(common, place, extra));
      expectOwn(`${extra.key} at ${place}`, more, less, own, nobody);
    }
    // In the file, and never sampled: not a bit.
    expect((await run(inserted(common, 8, long), nobodyElse)).values).toEqual(less.values);
  });
}

test("it does not matter between which of the common records the extra one stands", async () => {
  const setting = {
    base: bases.bert,
    runtime,
    task: fill,
    config: { ...extreme, ...few, train: ["last:1"] },
  };
  const run = (records: readonly KeyedRecord[]): Promise<Released> =>
    frozenRun({ ...setting, records, sampled: bySize });
  const [less, own, nobody] = [await run(common), await run([short]), await run([])];
  for (const place of [0, 1, 5, 9, 16, common.length]) {
    expectOwn(`at ${place}`, await run(inserted(common, place, short)), less, own, nobody);
  }
});

test("a batch of 63 becomes one of 64, and one of 128 one of 129, within N and by the extra record's own vector", async () => {
  const many = tinyRecords(128, 5).map((record, index) => ({ ...record, key: `c${String(index)}` }));
  const config = { ...extreme, ...few, publicSize: 200, batch: 180, train: ["head"], directions: 2 };
  const sampled: Sampled = (key, sample) => !key.startsWith("c") || sample === 2 || Number(key.slice(1)) < 63;
  const run = (records: readonly KeyedRecord[]): Promise<Released> =>
    frozenRun({ base: bases.bert, runtime, task: fill, config, records, sampled });
  const [less, own, nobody] = [await run(many), await run([short]), await run([])];
  expectOwn("many", await run(inserted(many, 60, short)), less, own, nobody);
});

for (const [name, config] of Object.entries({
  "all weights": few,
  "the last block, prefix kept": { train: ["last:1"] },
  "one-sided, the head": { estimator: "one-sided", train: ["head"] },
} satisfies Record<string, Partial<TrainConfigInput>>)) {
  test(`a whole unit more moves every release by its own vector, within N: ${name}`, async () => {
    const all = common.map((record, index) => ({ ...record, key: `c${String(index % 16)}` }));
    const unit = [short, long, { ...short, text: "grim house of the road", label: "0" }].map((record) => ({
      ...record,
      key: "it",
    }));
    const spread = unit.reduce((records, record, at) => inserted(records, 5 + 9 * at, record), [...all]);
    const setting = {
      base: bases.bert,
      runtime,
      task: fill,
      config: { ...extreme, ...config, unit: "user" },
    };
    const run = (records: readonly KeyedRecord[]): Promise<Released> =>
      frozenRun({ ...setting, records, sampled: bySize });
    const [less, more, own, nobody] = [await run(all), await run(spread), await run(unit), await run([])];
    expect(isMoved(own, nobody)).toBe(true);
    expectOwn("a unit", more, less, own, nobody);
  });
}

for (const [name, config] of Object.entries({
  "a clip that follows a quantile": { clip: 300, clipQuantile: 0.5 },
  "the last block, prefix kept": { train: ["last:1"] },
} satisfies Record<string, Partial<TrainConfigInput>>)) {
  test(`each step of a run that learns, made from one ledger, moves by the extra record's own vector: ${name}`, async () => {
    const learning = { ...extreme, steps: 3, learningRate: 0.05, ...config };
    const setting = { base: bases.bert, runtime, task: fill, config: learning };
    const { ledger } = await frozenRun({ ...setting, records: common, sampled: bySize });
    for (const done of [1, 2]) {
      const next = (records: readonly KeyedRecord[]): Promise<Released> =>
        frozenRun({
          ...setting,
          records,
          seed: 2,
          sampled: (key) => bySize(key, done + 1),
          ledger: ledgerPrefix(ledger, done),
          steps: 1,
        });
      const [less, own, nobody] = [await next(common), await next([short]), await next([])];
      expect(less.values).toHaveLength(done + 1);
      expect(isMoved(own, nobody)).toBe(true);
      for (const place of [0, common.length]) {
        expectOwn(`after ${done}`, await next(inserted(common, place, short)), less, own, nobody);
      }
    }
  });
}

test("the order of the file and records that are never sampled change no release", async () => {
  const setting: Omit<FrozenRun, "records"> = {
    base: bases.bert,
    runtime,
    task: fill,
    config: { ...extreme, train: ["last:1"], learningRate: 0.05 },
    sampled: bySize,
  };
  const { values } = await frozenRun({ ...setting, records: common });
  const orders = [
    common.toReversed(),
    inserted(common.slice(5), 11, ...common.slice(0, 5)),
    common.slice(0, 15),
  ];
  for (const records of orders) expect((await frozenRun({ ...setting, records })).values).toEqual(values);
});

for (const [base, task] of [
  ["bert", fill],
  ["llama-128", words],
] as const) {
  test(`the ledger of a run is the same bytes whatever the number of threads: ${base}`, async () => {
    const run = (threads: number): Promise<Released> =>
      frozenRun({
        base: bases[base],
        runtime: nodeRuntime({ threads }),
        task,
        config: { ...extreme, ...few, train: ["last:1"], learningRate: 0.05 },
        records: common,
        sampled: bySize,
      });
    const { ledger } = await run(1);
    for (const threads of [2, 3, 6, 16]) expect((await run(threads)).ledger, `${threads}`).toEqual(ledger);
  });
}
