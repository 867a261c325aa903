import fc from "fast-check";
import { expect, test } from "vitest";

import { barred, orderedKey, type ScoredTensor, takeBest, taken, takenIndices } from "./select.js";

function tensor(name: string, scores: readonly number[], marks: readonly number[] = []): ScoredTensor {
  return {
    name,
    scores: Float32Array.from(scores),
    marks: Uint8Array.from(scores, (_, i) => marks[i] ?? 0),
  };
}

/** The same by sorting: score falling, then tensor, then index. */
function bySorting(tensors: readonly ScoredTensor[], count: number): number[][] {
  const all = tensors.flatMap(({ scores, marks }, at) =>
    [...scores].flatMap((score, index) => (marks[index] === 0 ? [{ score, at, index }] : [])),
  );
  const rank = (score: number): number => (Number.isNaN(score) ? -Infinity : score);
  all.sort((a, b) => {
    const [x, y] = [rank(a.score), rank(b.score)];
    return x === y ? a.at - b.at || a.index - b.index : y > x ? 1 : -1;
  });
  const kept = all.slice(0, Math.max(0, count));
  return tensors.map(({ marks }, at) =>
    [...marks.keys()].filter(
      (index) => marks[index] === taken || kept.some((one) => one.at === at && one.index === index),
    ),
  );
}

const score = fc.oneof(
  fc.float(),
  fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-45, -1e-45),
);

test("property: the set is that of sorting by score, then tensor, then index, whatever is taken or barred", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(score, fc.constantFrom(0, 0, 0, 1, 2)), { maxLength: 30 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.integer({ min: -1, max: 60 }),
      (lists, count) => {
        const tensors = lists.map((list, at) =>
          tensor(
            String(at),
            list.map(([value]) => value),
            list.map(([, mark]) => mark),
          ),
        );
        const expected = bySorting(tensors, count);
        const free = tensors.reduce((sum, { marks }) => sum + marks.filter((mark) => mark === 0).length, 0);
        expect(takeBest(tensors, count)).toBe(Math.min(free, Math.max(0, count)));
        expect(tensors.map((one) => [...takenIndices(one)])).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("ties are broken by index: of equal scores the first are kept", () => {
  const [a, b] = [tensor("a", [1, 1, 1]), tensor("b", [1, 2, 1])];
  takeBest([a, b], 3);
  expect([[...takenIndices(a)], [...takenIndices(b)]]).toEqual([[0, 1], [1]]);
});

test("what is barred is never taken, also when everything is asked for", () => {
  const one = tensor("a", [3, 2, 1], [barred]);
  expect(takeBest([one], 10)).toBe(2);
  expect([...takenIndices(one)]).toEqual([1, 2]);
});

test("keys order float32 values as numbers, NaN least", () => {
  const rising = [-Infinity, -3e38, -1, -1e-45, 0, 1e-45, 1, 3e38, Infinity].map(orderedKey);
  expect([...rising].sort((x, y) => x - y)).toEqual(rising);
  expect(new Set(rising).size).toBe(rising.length);
  expect(orderedKey(-0)).toBe(orderedKey(0));
  expect(orderedKey(Number.NaN)).toBe(orderedKey(-Infinity));
});
