import fc from "fast-check";
import { expect, test } from "vitest";

import type { ExampleText } from "../tasks/index.js";
import {
  microBatches,
  paddedLength,
  paddedRows,
  textsPerHeadBatch,
  textsPerMicroBatch,
} from "./micro-batches.js";

const text = (tokens: number): ExampleText => ({
  prompt: { inputIds: new Int32Array(tokens), tokenTypeIds: new Int32Array(tokens), maskPosition: 0 },
});

test("a padded length is the next multiple of 16, and never beyond the model's longest", () => {
  expect([1, 16, 17, 40, 48].map((tokens) => paddedLength(tokens, 40))).toEqual([16, 16, 32, 40, 40]);
});

test("property: each member is in one micro-batch, at a length that its own tokens decide", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 300 }), (lengths) => {
      const texts = lengths.map(text);
      const members = [...texts.keys()].filter((member) => member % 3 !== 0);
      const batches = microBatches(texts, members, 64);
      expect(batches.flatMap((batch) => [...batch.members]).sort((a, b) => a - b)).toEqual(members);
      for (const { members: list, positions } of batches) {
        expect(list.every((member) => paddedLength(lengths[member]!, 64) === positions)).toBe(true);
        expect(list.length).toBeLessThanOrEqual(textsPerMicroBatch(positions));
        expect(textsPerMicroBatch(positions) * positions).toBeLessThanOrEqual(Math.max(256, positions));
      }
    }),
  );
});

test("texts that read another number of positions go apart, and their rows are padded by their own number", () => {
  const reading = (rows: number): ExampleText => {
    const { prompt } = text(16);
    return { prompt: { ...prompt, readPositions: Array.from({ length: rows }, (_, row) => row) } };
  };
  expect([1, 4, 5, 9].map((rows) => paddedRows(reading(rows).prompt))).toEqual([4, 4, 8, 12]);
  expect(paddedRows(text(16).prompt)).toBe(1);
  const texts = [reading(1), reading(5), reading(4), text(16)];
  const groups = microBatches(texts, texts.keys(), 64).map(({ members, rows }) => [rows, [...members]]);
  expect(groups).toEqual([
    [8, [1]],
    [4, [0, 2]],
    [1, [3]],
  ]);
});

test("a head batch has a fixed number of texts, whatever their number: 128 rows, fewer for a wide vocabulary", () => {
  expect([1, 4, 128, 200].map((rows) => textsPerHeadBatch(rows, 2))).toEqual([128, 32, 1, 1]);
  expect(textsPerHeadBatch(4, 2 ** 20)).toBe(4);
  expect(textsPerHeadBatch(1, 2 ** 30)).toBe(1);
});

test("no members make no micro-batches", () => {
  expect(microBatches([text(3)], [], 64)).toEqual([]);
});
