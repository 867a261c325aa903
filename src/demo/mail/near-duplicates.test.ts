import fc from "fast-check";
import { expect, test } from "vitest";
import { connectedGroups, shinglesOf, similarityOf, similarPairs } from "./near-duplicates.js";

const text = fc
  .array(fc.constantFrom("a", "b", "c", "d", "Buy", "now", "12", "34"), { maxLength: 30 })
  .map((words) => words.join(" "));

test("similar pairs are exactly those that comparing every two finds", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), fc.constantFrom(0.1, 0.3, 0.5), (texts, threshold) => {
      const shingles = texts.map(shinglesOf);
      const expected = shingles.flatMap((second, j) =>
        shingles
          .slice(0, j)
          .flatMap((first, i) => (similarityOf(first, second) >= threshold ? [`${i} ${j}`] : [])),
      );
      const found = similarPairs(shingles, threshold).map(({ first, second }) => `${first} ${second}`);
      expect(found.sort()).toEqual(expected.sort());
    }),
  );
});

test("case, signs and numbers do not count", () => {
  const words = "now get a loan of 100 dollars at 5 percent from the bank of your choice today";
  const changed = "NOW, get a loan: of $25,000 dollars at 3.9 percent -- from the bank of YOUR choice today!";
  expect(similarityOf(shinglesOf(words), shinglesOf(changed))).toBe(1);
});

test("one common phrase does not make short texts alike; a text within a longer one is", () => {
  expect(similarityOf(shinglesOf("please let me know"), shinglesOf("please let me know"))).toBeCloseTo(1 / 3);
  const short = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
  const long = `${short} ${Array.from({ length: 200 }, (_, i) => `other${"x".repeat(i % 7)}`).join(" ")}`;
  expect(similarityOf(shinglesOf(short), shinglesOf(long))).toBe(1);
});

test("groups are joined through a third", () => {
  const pair = (first: number, second: number) => ({ first, second, similarity: 1 });
  expect(connectedGroups(6, [pair(3, 5), pair(0, 3), pair(1, 2)])).toEqual([[0, 3, 5], [1, 2], [4]]);
  expect(connectedGroups(0, [])).toEqual([]);
});
