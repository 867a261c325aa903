import { expect, test } from "vitest";
import { createLabelIndex, parseLabelWords } from "./labels.js";

test("plain words stand for labels 0, 1, ...", () => {
  const index = createLabelIndex(parseLabelWords("terrible, great"));
  expect(index.labels).toEqual(["0", "1"]);
  expect([0, "1", " 1 "].map((label) => index.indexOf(label, 1))).toEqual([0, 1, 1]);
});

test("named labels map in the order of the words", () => {
  const index = createLabelIndex(parseLabelWords("spam=advertising,ham=work"));
  expect(index.labels).toEqual(["spam", "ham"]);
  expect(index.indexOf("ham", 1)).toBe(1);
  expect(createLabelIndex(parseLabelWords("false=no,true=yes")).indexOf(true, 1)).toBe(1);
});

test("an unknown label is refused with its line and without what stood there", () => {
  const index = createLabelIndex(parseLabelWords("terrible,great"));
  for (const label of ["CANARY", 2, -1, null, undefined, { a: 1 }, "", "1.0", true]) {
    expect(() => index.indexOf(label, 17)).toThrow(
      expect.objectContaining({
        code: "unknown-label",
        value: 17,
        message: expect.stringContaining("line 17") as string,
      }),
    );
  }
  expect(() => index.indexOf("CANARY", 17)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("CANARY") as string }),
  );
});

test("a list that cannot be read is refused", () => {
  for (const list of ["", "a,,b", "a=b,c", "a=x,a=y", "=x,b=y", "a=,b=y"]) {
    expect(() => parseLabelWords(list), list).toThrow(
      expect.objectContaining({ code: "invalid-label-words" }),
    );
  }
  expect(() => createLabelIndex({ words: ["a", "b"], labels: ["x"] })).toThrow(
    /2 words for 1 different labels/,
  );
});
