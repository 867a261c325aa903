import fc from "fast-check";
import { expect, test } from "vitest";
import { countLabels, splitGroups, type MailRecord } from "./split.js";

const records: readonly MailRecord[] = Array.from({ length: 200 }, (_, index) => ({
  text: `text ${index}`,
  label: index % 4 === 0 ? "spam" : "ham",
}));
const grouped = (size: number): number[][] =>
  Array.from({ length: Math.ceil(records.length / size) }, (_, group) =>
    Array.from({ length: size }, (_, member) => group * size + member).filter(
      (index) => index < records.length,
    ),
  );

test("a group is on one side, every record on exactly one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 150 }), (size, testSize) => {
      const groups = grouped(size);
      const split = splitGroups(records, groups, testSize);
      const test = new Set(split.test);
      for (const group of groups) expect(new Set(group.map((member) => test.has(member))).size).toBe(1);
      expect([...split.train, ...split.test].sort((a, b) => a - b)).toEqual(records.map((_, index) => index));
      expect(split.test.length).toBeLessThanOrEqual(testSize);
    }),
  );
});

test("the classes have the same share in test as in all", () => {
  const { test: chosen } = splitGroups(records, grouped(1), 40);
  expect(countLabels(chosen.map((index) => records[index]))).toEqual({ ham: 30, spam: 10 });
});

test("the same records give the same split, in whatever order they come", () => {
  const groups = grouped(3);
  const straight = splitGroups(records, groups, 40).test.map((index) => records[index]!.text);
  const last = records.length - 1;
  const reversed = [...records].reverse();
  const backwards = groups.map((group) => group.map((member) => last - member)).reverse();
  expect(splitGroups(reversed, backwards, 40).test.map((index) => reversed[index]!.text)).toEqual(straight);
});
