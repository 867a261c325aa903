import { beforeAll, describe, expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { createDirectionEngine, type DirectionStream } from "../directions/index.js";
import { selectTensors } from "../model/selection.js";
import { batchActivations } from "../model/token-batch.js";
import type { TaskConfig } from "../plan/config.js";
import { type Activations, weightSource } from "../runtime/stage-runner.js";
import { type Example, readText } from "../tasks/index.js";
import { prepareModel, type PreparedModel, readExamples } from "../train/prepare.js";
import { tinyDecoder } from "../../test/support/tiny-decoder.js";
import { each } from "../../test/support/tiny-run.js";
import { Measurer } from "./measure.js";
import { testRuntime } from "../../test/support/runtime.js";

const engine = createDirectionEngine();
const runSeed = new Uint8Array(32).fill(9);
const streams = (tensor: string): readonly DirectionStream[] =>
  [0, 1].map((direction) => ({ runSeed, step: 1, direction, tensor, distribution: "gaussian" }));
const smoothing = 0.01;

const rows = Array.from({ length: 7 }, (_, at) => ({
  text: "warm film ".repeat(1 + (at % 3)),
  fields: { first: "so", second: `because of ${"no ".repeat(at)}` },
  label: at % 2,
  answers: [`film ${at}`],
  line: at + 1,
}));
const tasks: readonly (readonly [string, TaskConfig])[] = [
  ["options", { template: "{text} {mask}", options: "{first}|{second}", maximumTokens: 96 }],
  [
    "answers",
    { template: "{text}\nAnswer: {mask}", answers: "answers", answerTokens: 12, maximumTokens: 96 },
  ],
];

for (const [name, config] of tasks) {
  describe(`records of a task by ${name}`, () => {
    let model: PreparedModel;
    let examples: readonly Example[];

    beforeAll(async () => {
      model = await prepareModel(await openCheckpoint(tinyDecoder()), testRuntime(), config);
      examples = await readExamples(model.task, each(rows));
    });

    const measurer = (train: string, expectedVisits = 0) =>
      Measurer.create({
        ...model,
        engine,
        tensors: selectTensors(model.description, train),
        smoothing,
        examples,
        expectedVisits,
      });

    /** The loss by plain passes, one text at a time (twice, as a lone row rounds differently). */
    async function loss(example: Example, weights: ReadonlyMap<string, Float32Array>): Promise<number> {
      const readings = [];
      for (const text of example.texts) {
        const { prompt, targets } = text;
        let activations: Activations = batchActivations(model.description, [prompt, prompt], 96);
        for (const stage of model.modelStages) {
          const source = weightSource(model.description, weights);
          activations = await model.runner.run(stage, source, activations);
        }
        const { data, dims } = activations["logits"]!;
        const values = (data as Float32Array).slice(0, targets!.length * dims[1]!);
        readings.push(
          readText(model.task.reading, targets, { data: values, dims: [targets!.length, dims[1]!] }),
        );
      }
      return model.task.loss(example, readings);
    }

    test("the difference is that of the losses at perturbed weights", async () => {
      const tensors = selectTensors(model.description, "last:1");
      const sides = [new Map(model.weights), new Map(model.weights)] as const;
      for (const tensor of tensors) {
        const values = model.weights.get(tensor)!;
        const [plus, minus] = [values.slice(), values.slice()];
        engine.perturb(values, streams(tensor)[0]!, smoothing, plus, minus);
        sides[0].set(tensor, plus);
        sides[1].set(tensor, minus);
      }
      const measured = await (await measurer("last:1")).differences([4, 1], streams, 1);
      for (const [at, record] of [4, 1].entries()) {
        const [high, low] = [
          await loss(examples[record]!, sides[0]),
          await loss(examples[record]!, sides[1]),
        ];
        expect(Math.abs(high - low)).toBeGreaterThan(1e-5);
        expect(measured[at]![0]).toBeCloseTo((high - low) / (2 * smoothing), 3);
      }
    });

    for (const train of ["head", "last:1", "all"]) {
      test(`kept or evaluated anew, alone or among others: the same bits (${train})`, async () => {
        const direct = await measurer(train);
        const together = await direct.differences([0, 1, 2, 3, 4, 5, 6], streams, 2);
        const kept = await (await measurer(train, 100)).differences([5, 2, 6], streams, 2);
        expect(kept).toEqual([5, 2, 6].map((record) => together[record]));
        expect(await direct.differences([3], streams, 2)).toEqual([together[3]]);
        expect(new Set(together.map(String)).size).toBe(together.length);
      });
    }
  });
}
