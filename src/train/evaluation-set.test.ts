import { expect, test } from "vitest";

import type { Example } from "../tasks/index.js";
import { refuseSameRecords } from "./evaluation-set.js";

const example = (ids: number[], label = 0): Example => ({
  texts: [
    { prompt: { inputIds: Int32Array.from(ids), tokenTypeIds: new Int32Array(ids.length), maskPosition: 0 } },
  ],
  label,
});
const training = [example([1, 2]), example([3]), example([3]), example([1, 2], 1)];
const check = (evaluation: readonly Example[]) => () => {
  refuseSameRecords(training, evaluation);
};

test("the training records are refused in any order, whatever file they came from", () => {
  const refusal = expect.objectContaining({ code: "evaluation-is-training" }) as Error;
  for (const evaluation of [training, [...training].reverse(), training.map((record) => ({ ...record }))]) {
    expect(check(evaluation)).toThrow(refusal);
  }
});

test("a part of them, one more, one other or another label is not said to be anything", () => {
  const others = [training.slice(1), [...training, example([9])], [...training.slice(1), example([9])], []];
  for (const evaluation of others) expect(check(evaluation)).not.toThrow();
  expect(check([...training.slice(0, 3), example([1, 2], 2)])).not.toThrow();
  // The same rows, another one of them twice.
  expect(check([example([1, 2]), example([1, 2]), example([3]), example([1, 2], 1)])).not.toThrow();
  expect(() => {
    refuseSameRecords([], []);
  }).not.toThrow();
});
