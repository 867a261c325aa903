import fc from "fast-check";
import { expect, test } from "vitest";

import { DpzoError } from "./errors.js";
import { shortened, shownLimits, shownSentence, shownValue } from "./shown.js";

const remark = "... (123456789 characters)".length;
const huge = "v".repeat(13_660);

test("a long value is cut wherever it stands: bare, quoted, as the whole sentence, in a list", () => {
  for (const sentence of [
    `--name is ${huge}.`,
    `The template "${huge}" has no {mask}.`,
    `The template ${JSON.stringify(`\u0007 "${huge} b`)} has no {mask}.`,
    huge,
    `${huge}, ${huge}`,
    "v ".repeat(9000),
    `a "${"v ".repeat(9000)}" b`,
  ]) {
    for (const value of [huge, undefined, 5]) {
      const shown = shownSentence(sentence, value);
      expect(shown.length).toBeLessThan(shownLimits.sentence + remark + 1);
      expect(shown).not.toContain("v".repeat(shownLimits.value + 1));
      expect(shown).toContain("characters)");
    }
  }
  expect(shownSentence(`The template "${huge}" has no {mask}.`)).toMatch(/" has no \{mask\}\.$/u);
});

test("what stands between two short quoted values is not taken for a quoted value", () => {
  const sentence = `Not "a", ${"but words ".repeat(30)}and "b".`;
  expect(shownSentence(sentence)).toBe(sentence);
});

test("a name cannot break the line, colour the terminal or turn the writing direction", () => {
  expect(shownSentence("a\nb\u001b[31mc\u202ed\u009b")).toBe("a b\\u001b[31mc\\u202ed\\u009b");
});

test("a cut leaves whole characters", () => {
  expect(shortened(`a${"\u{1f600}".repeat(9)}`, 4)).toBe("a\u{1f600}... (19 characters)");
});

test("values of errors are bounded whatever they are, and small ones stay what they are", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  for (const value of [5, null, undefined, true, "short", ["a", "b"], { a: 1 }, 12n]) {
    expect(shownValue(value)).toBe(value);
  }
  for (const value of [huge, [huge], { [huge]: 1 }, 10n ** 5000n, new Uint8Array(1e6), cycle, { a: 1n }]) {
    expect(JSON.stringify(shownValue(value)).length).toBeLessThan(300);
  }
});

test("every error is short: message, expectation, advice, value, and the stack that quotes them", () => {
  class SomeError extends DpzoError<"some"> {}
  const error = new SomeError("some", { message: huge, value: huge, expected: huge, next: huge });
  expect(error.message.length).toBeLessThan(1000);
  expect(JSON.stringify(error).length).toBeLessThan(1500);
  expect(error.stack).not.toContain("v".repeat(300));
  expect([error.code, error.name]).toEqual(["some", "SomeError"]);
});

test("property: any sentence about any value is bounded and printable, and a short plain one is untouched", () => {
  const text = fc.string({ unit: "binary", maxLength: 3000 });
  fc.assert(
    fc.property(text, text, (value, around) => {
      const shown = shownSentence(`${around}"${value}"${around}`, value);
      expect(shown.length).toBeLessThan(shownLimits.sentence + remark + 1);
      // eslint-disable-next-line no-control-regex
      expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~]{0,150}$/), (sentence) => {
      expect(shownSentence(sentence, sentence)).toBe(sentence);
    }),
  );
});
