import { expect, test } from "vitest";

import { answerMetrics } from "./answer-metrics.js";

const of = (written: string, ...right: string[]) => answerMetrics([written], [right]);

test("case, punctuation, articles and white space do not count", () => {
  expect(of(" The  Eiffel tower!", "eiffel Tower")).toEqual({ count: 1, exactMatch: 1, f1: 1 });
  expect(of("a.b.c.", "abc").exactMatch).toBe(1);
  expect(of("theatre", "atre").exactMatch).toBe(0);
  expect(of("año", "ño").exactMatch).toBe(0);
});

test("F1 counts shared words as often as both have them; the best of several answers counts", () => {
  // Two of three words are shared with the three of the answer.
  expect(of("in the year 1999 1999", "year 1999").f1).toBeCloseTo((2 * 2) / (4 + 2), 12);
  expect(of("blue whale", "whale shark", "the blue whale", "fish")).toMatchObject({ exactMatch: 1, f1: 1 });
  expect(of("blue whale", "whale shark").f1).toBeCloseTo(0.5, 12);
  expect(of("", "whale")).toMatchObject({ exactMatch: 0, f1: 0 });
});

test("means over the records; nothing to evaluate is refused", () => {
  expect(answerMetrics(["a b", "x"], [["b"], ["y"]])).toEqual({ count: 2, exactMatch: 0.5, f1: 0.5 });
  expect(() => answerMetrics([], [])).toThrow(expect.objectContaining({ code: "no-predictions" }));
  expect(() => answerMetrics(["a"], [])).toThrow(expect.objectContaining({ code: "no-predictions" }));
});
