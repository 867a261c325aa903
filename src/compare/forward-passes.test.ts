import { expect, test } from "vitest";

import { describeModel } from "../model/registry.js";
import { firstTrained, selectTensors } from "../model/selection.js";
import { countPasses, type PassesOptions } from "./forward-passes.js";

const description = describeModel({
  model_type: "bert",
  architectures: ["BertForMaskedLM"],
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  vocab_size: 50,
  max_position_embeddings: 32,
  type_vocab_size: 2,
  hidden_act: "gelu",
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
});
const modelStages = description.stages({ kind: "label-words", wordIds: [3, 4] });
const options: PassesOptions = { description, modelStages, tokens: 10, rows: 1, publicSize: 100 };
const tensors = (selection: string): string[] => [...selectTensors(description, selection)];
const plain = { steps: 5, directions: 3, expectedBatch: 40 };

// Multiplications of a record by hand. Below the last block, all positions: query, key, value, output (8 x 8) and two
// feed-forward layers (8 x 16). In the last one, keys and values at all positions and the rest at the one that is read.
const lower = 10 * (4 * 64 + 2 * 128);
const last = 10 * 2 * 64 + (2 * 64 + 2 * 128);
const head = 64 + 2 * 8;
const whole = lower + last + head;

test("all weights: each loss is a whole pass", () => {
  const passes = countPasses(options, [{ ...plain, tensors: tensors("all") }]);
  expect(passes).toEqual({ lossEvaluations: 5 * 40 * 6, forwardPasses: 5 * 40 * 6 });
});

test("one-sided: K + 1 losses", () => {
  const passes = countPasses(options, [{ ...plain, estimator: "one-sided", tensors: tensors("all") }]);
  expect(passes.lossEvaluations).toBe(5 * 40 * 4);
});

test("the head alone: its share a loss, and what is below it once a record", () => {
  const { forwardPasses } = countPasses(options, [{ ...plain, tensors: tensors("head") }]);
  expect(forwardPasses).toBeCloseTo(5 * 40 * 6 * (head / whole) + 100 * ((lower + last) / whole), 9);
});

test("too few visits to keep anything: what is frozen counts at each of them", () => {
  const { forwardPasses } = countPasses(options, [{ ...plain, steps: 1, tensors: tensors("head") }]);
  expect(forwardPasses).toBeCloseTo(40 * 6 * (head / whole) + 40 * ((lower + last) / whole), 9);
});

test("what is kept is counted again where a stage begins lower down", () => {
  const stage = { ...plain, tensors: tensors("head") };
  const lowered = { ...plain, tensors: tensors("last:1") };
  const both = countPasses(options, [stage, stage, lowered]).forwardPasses;
  const one = countPasses(options, [stage]).forwardPasses + 5 * 40 * 6 * (head / whole);
  const other = countPasses(options, [lowered]).forwardPasses;
  expect(both).toBeCloseTo(one + other, 9);
});

test("the lowest stage that trains, and none", () => {
  expect(firstTrained(modelStages, new Set(tensors("head")))).toBe(3);
  expect(firstTrained(modelStages, new Set(tensors("last:1")))).toBe(2);
  expect(firstTrained(modelStages, new Set())).toBe(4);
});
