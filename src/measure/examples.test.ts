import fc from "fast-check";
import { expect, test } from "vitest";

import type { ExampleText } from "../tasks/index.js";
import { microBatches, paddedLength } from "./examples.js";

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
        expect(list.length * positions).toBeLessThanOrEqual(2048);
      }
    }),
  );
});

test("no members make no micro-batches", () => {
  expect(microBatches([text(3)], [], 64)).toEqual([]);
});
