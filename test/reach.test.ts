/**
 * Ways by which one record could reach another's vector, beside kernels that see how many rows there are (`indep.test.ts`):
 * values that are no numbers, memory that is used again, what is kept and when, padding, units, state of the tokenizer.
 */
import { expect, test } from "vitest";

import { createDirectionEngine, type DirectionStream } from "../src/directions/index.js";
import { Measurer, type MeasureOptions } from "../src/measure/measure.js";
import type { ModelDescription } from "../src/model/description.js";
import { describeModel } from "../src/model/registry.js";
import { selectTensors } from "../src/model/selection.js";
import { nodeRuntime } from "../src/node/index.js";
import { StageRunner } from "../src/runtime/stage-runner.js";
import { createTask, createTokenizer, type Example, labelWordJudgement } from "../src/tasks/index.js";
import {
  frozenRun,
  type FrozenRun,
  gap,
  type KeyedRecord,
  withinSensitivity,
} from "./support/frozen-noise.js";
import { exampleOf } from "./support/random-examples.js";
import { randomWeights } from "./support/random-weights.js";
import { tinyDecoder } from "./support/tiny-decoder.js";
import { tinyModel, tinyRecords } from "./support/tiny-model.js";
import { wideConfig, type WideKind, wideModel } from "./support/wide-model.js";

const runner = new StageRunner(nodeRuntime({ threads: 2 }));
const engine = createDirectionEngine();
const judgement = labelWordJudgement([3, 8]);
const vocabulary = 64;
/** No ordinary record has this token. */
const rare = vocabulary - 1;
const directions = 2;
const streams = (tensor: string): readonly DirectionStream[] =>
  [0, 1].map((direction) => ({
    runSeed: new Uint8Array(32).fill(3),
    step: 1,
    direction,
    tensor,
    distribution: "gaussian",
  }));

interface Model {
  readonly description: ModelDescription;
  readonly weights: Map<string, Float32Array>;
}

function modelOf(kind: WideKind): Model {
  const description = describeModel(wideConfig({ kind, hidden: 128, layers: 2, vocabulary, positions: 48 }));
  return { description, weights: randomWeights(description, 4) };
}

function measurer(
  { description, weights }: Model,
  examples: readonly Example[],
  change: Partial<MeasureOptions> & { readonly select?: string } = {},
): Promise<Measurer> {
  const { select = "last:1", ...options } = change;
  return Measurer.create({
    description,
    runner,
    engine,
    weights,
    modelStages: description.stages(judgement.objective),
    tensors: selectTensors(description, select),
    smoothing: 1e-7,
    task: judgement,
    examples,
    maximumTokens: 48,
    expectedVisits: 0,
    ...options,
  });
}

const example = (seed: number, tokens: number): Example =>
  exampleOf({ seed, tokens, vocabulary: rare, longest: 48, options: 0 });
/** Sixteen records of up to 16 tokens, three longer ones. */
const others = Array.from({ length: 19 }, (_, index) =>
  example(index, index < 16 ? index + 1 : 20 + 5 * index - 75),
);

function withToken(seed: number, token: number): Example {
  const base = example(seed, 9);
  base.texts[0]!.prompt.inputIds.fill(token);
  return base;
}

const measured = (model: Measurer, batch: Iterable<number>) => model.differences(batch, streams, directions);

/** The embedding of one token, in place. */
function setEmbedding(
  { description, weights }: Model,
  token: number,
  value: (column: number) => number,
): void {
  const name = [...description.tensors.keys()].find((tensor) =>
    /word_embeddings|embed_tokens|wte/u.test(tensor),
  )!;
  const width = description.hiddenSize;
  weights.get(name)!.set(
    Float32Array.from({ length: width }, (_, column) => value(column)),
    token * width,
  );
}

for (const kind of ["bert", "gpt2", "llama-64"] as const) {
  for (const [what, value] of [
    ["infinite", () => Infinity],
    ["not a number", () => NaN],
    ["at the end of float32", (column: number) => (column % 2 === 0 ? 3e38 : -3e38)],
    ["subnormal", (column: number) => (1 + (column % 5)) * 1e-42],
  ] as const) {
    test(`a record whose activations are ${what} moves no bit of the others, whose place it takes: ${kind}`, async () => {
      const model = modelOf(kind);
      setEmbedding(model, rare, value);
      for (const [at, keeps] of [
        [0, 9],
        [7, 0],
        [15, 9],
      ] as const) {
        const usual = await measurer(model, others, { expectedVisits: keeps });
        const odd = await measurer(model, others.with(at, withToken(at, rare)), { expectedVisits: keeps });
        const [before, after] = [await measured(usual, others.keys()), await measured(odd, others.keys())];
        expect(after.toSpliced(at, 1)).toEqual(before.toSpliced(at, 1));
        expect(after[at]).not.toEqual(before[at]);
        if (what === "not a number") expect([...after[at]!]).toEqual([NaN, NaN]);
      }
    });
  }

  test(`what stands in the padding reaches nothing: ${kind}`, async () => {
    const model = modelOf(kind);
    const before = await measured(await measurer(model, others), others.keys());
    setEmbedding(model, model.description.padTokenId, (column) => 1e4 * (column - 60));
    expect(await measured(await measurer(model, others), others.keys())).toEqual(before);
    expect(before.some((vector) => vector.some((value) => value !== 0))).toBe(true);
  });
}

test("what a batch gave stays as it was, and comes again, whatever is measured in between", async () => {
  for (const expectedVisits of [0, 9]) {
    const model = await measurer(modelOf("bert"), others, { expectedVisits });
    const first = await measured(model, [3, 1, 18]);
    const copies = first.map((vector) => vector.slice());
    for (const batch of [[], [...others.keys()], [17], [2, 4, 5, 6, 7, 8, 9, 10, 11], []]) {
      await measured(model, batch);
      expect(first).toEqual(copies);
      expect(await measured(model, [3, 1, 18])).toEqual(copies);
    }
  }
});

test("measurers that share a runner, and one model after another of its shape, do not mix", async () => {
  const [a, b] = [modelOf("gpt2"), modelOf("gpt2")];
  setEmbedding(b, 5, () => 1);
  const [one, two] = [await measurer(a, others), await measurer(b, others.toReversed(), { select: "all" })];
  const expected = await measured(one, others.keys());
  await measured(two, others.keys());
  expect(await measured(one, others.keys())).toEqual(expected);
});

test("the record with which the kept activations no longer fit changes nothing but its own vector", async () => {
  const model = modelOf("bert");
  const row = model.description.hiddenSize * Float32Array.BYTES_PER_ELEMENT;
  for (const [select, keepLimit] of [
    // A row a record at the head; below it one a position, padded.
    ["head", others.length * row],
    ["last:1", (16 * 16 + 3 * 48) * row],
  ] as const) {
    const change = { select, keepLimit, expectedVisits: 9 };
    const fits = await measurer(model, others, change);
    const over = await measurer(model, [...others, example(99, 40)], change);
    const directly = await measurer(model, others, { ...change, keepLimit: 0 });
    const frozen = select === "head" ? 3 : 2;
    expect([fits, over, directly].map((one) => one.keptPrefix(frozen) !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
    const expected = await measured(fits, others.keys());
    expect(await measured(over, others.keys())).toEqual(expected);
    expect(await measured(over, [19, ...others.keys()])).toEqual([expect.anything(), ...expected]);
    expect(await measured(directly, others.keys())).toEqual(expected);
  }
});

test("what a stage kept gives the next stage the bits of keeping anew, and of not keeping", async () => {
  const model = modelOf("bert");
  const first = await measurer(model, others, { expectedVisits: 9 });
  await measured(first, [1, 2, 3]);
  const [on, anew, direct] = [
    await measurer(model, others, { expectedVisits: 9, previous: first }),
    await measurer(model, others, { expectedVisits: 9 }),
    await measurer(model, others, { expectedVisits: 0 }),
  ];
  expect(on.keptPrefix(2)).toBe(first.keptPrefix(2));
  const expected = await measured(anew, others.keys());
  expect(await measured(on, others.keys())).toEqual(expected);
  expect(await measured(direct, others.keys())).toEqual(expected);
});

test("equal records have equal vectors, wherever they stand", async () => {
  const same = [0, 5, 9, 10, 22];
  const list = Array.from({ length: 23 }, (_, at) =>
    same.includes(at) ? example(1, 11) : example(50 + at, 11),
  );
  for (const select of ["all", "head"]) {
    const vectors = await measured(await measurer(modelOf("llama-64"), list, { select }), list.keys());
    for (const at of same) expect(vectors[at]).toEqual(vectors[0]);
    expect(vectors[1]).not.toEqual(vectors[0]);
  }
});

test("a unit's vector depends on its own records alone: not on other units, their sizes, or the order of the file", async () => {
  const model = modelOf("bert");
  const mine = [example(200, 12), example(201, 30), example(202, 1)];
  const alone = await measurer(model, mine, { units: [[0, 1, 2]] });
  const [expected] = await measured(alone, [0]);
  const file = [mine[0]!, ...others.slice(0, 9), mine[1]!, ...others.slice(9), mine[2]!];
  const rest = [...file.keys()].filter((at) => ![0, 10, 21].includes(at));
  for (const units of [
    [[0, 10, 21], rest],
    [...rest.map((at) => [at]), [0, 10, 21]],
    [rest.slice(0, 1), [0, 10, 21], rest.slice(1, 3), rest.slice(3)],
  ]) {
    const at = units.findIndex((members) => members[0] === 0);
    const model2 = await measurer(model, file, { units, expectedVisits: at });
    expect((await measured(model2, units.keys()))[at]).toEqual(expected);
    expect(await measured(model2, [at])).toEqual([expected]);
  }
});

const strange = [
  "",
  " ",
  "a",
  "[MASK] [SEP] <|endoftext|>",
  "dull ".repeat(300),
  "\u{1f600} na\u00efve \u4e2d\u6587 \u0130\u0301",
  "x".repeat(900),
  "warm\u00a0film\u2028dull",
];

for (const [name, folder, task] of [
  ["WordPiece", tinyModel(), { template: "{text} it was {mask} .", labelWords: "terrible,great" }],
  ["byte-level BPE, options", tinyDecoder(), { template: "{text} It was {mask}", options: "no|yes because" }],
] as const) {
  test(`a record's tokens do not depend on what was tokenised before it: ${name}`, () => {
    const json = (file: string): unknown => JSON.parse(new TextDecoder().decode(folder.files.get(file)));
    const fresh = () =>
      createTask(
        createTokenizer({ tokenizer: json("tokenizer.json"), config: json("tokenizer_config.json") }),
        { ...task, maximumTokens: 32 },
        { kind: name === "WordPiece" ? "masked-lm" : "causal-lm" },
      );
    const texts = [...strange, ...tinyRecords(30).map(({ text }) => text)];
    const records = texts.map((text, line) => ({ text, label: String(line % 2), line }));
    const expected = records.map((record) => fresh().example(record));
    const used = fresh();
    const backwards = records.toReversed().map((record) => used.example(record));
    expect(backwards.toReversed()).toEqual(expected);
    // Enough other words to fill any cache of pieces.
    for (let at = 0; at < 3000; at += 1)
      used.example({ text: `w${at} ${at}-z `.repeat(20), label: "0", line: 1 });
    expect(records.map((record) => used.example(record))).toEqual(expected);
  });
}

test("a record of one token, or of none, adds its own vector to a release like any other", async () => {
  const base = wideModel({ kind: "gpt2", hidden: 128, layers: 2, positions: 64 });
  const setting: Omit<FrozenRun, "records"> = {
    base,
    runtime: runner.runtime,
    task: { template: "{text}{mask}", labelWords: "a,b", maximumTokens: 32 },
    config: {
      method: "dp-aggzo",
      epsilon: 100,
      steps: 1,
      batch: 20,
      publicSize: 20,
      directions: 4,
      clip: 1e-7,
      smoothing: 1e-7,
      learningRate: 1e-300,
      seed: 7,
      train: ["all"],
    },
    sampled: () => true,
  };
  const run = async (records: readonly KeyedRecord[]): Promise<readonly number[]> =>
    (await frozenRun({ ...setting, records })).values[0]!;
  const record = (text: string, at: number): KeyedRecord => ({
    text,
    label: String(at % 2),
    line: at,
    key: `k${at}`,
  });
  const common = ["z", "dull film", "q", "x".repeat(14), "xy"].map(record);
  const [less, nobody] = [await run(common), await run([])];
  for (const text of ["a", ""]) {
    const extra = record(text, 77);
    const own = gap(await run([extra]), nobody);
    const moved = gap(await run([...common.slice(0, 2), extra, ...common.slice(2)]), less);
    expect(moved).toEqual(own);
    expect(withinSensitivity(moved)).toBe(true);
    expect(moved.some((value) => value !== 0n)).toBe(true);
  }
});
