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
  for (const label of ["CANARY", 2, -1, null, undefined, { a: 1 }, "", "1.5", "01", "tru", "yes"]) {
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

test("truth values are the labels called so in any capitals, or 0 and 1", () => {
  const values = [false, true, "False", "TRUE", " true "];
  for (const list of ["no,yes", "1=yes,0=no", "false=bad,true=good", "True=good,False=bad"]) {
    const index = createLabelIndex(parseLabelWords(list));
    const [no, yes] = ["no", "bad"].some(
      (word) => list.startsWith(`${word},`) || list.startsWith(`false=${word}`),
    )
      ? [0, 1]
      : [1, 0];
    expect(
      values.map((value) => index.indexOf(value, 1)),
      list,
    ).toEqual([no, yes, no, yes, yes]);
  }
});

test("truth values are refused where they could be none or several of the labels", () => {
  for (const list of ["a,b,c", "ham=a,spam=b", "true=a,other=b", "True=a,TRUE=b,false=c", "1=a,2=b"]) {
    const index = createLabelIndex(parseLabelWords(list));
    const value = list.startsWith("true=") ? false : "true";
    expect(() => index.indexOf(value, 3), list).toThrow(expect.objectContaining({ code: "unknown-label" }));
  }
});

test("a number is one label however it is written, unless labels are called by their writing", () => {
  const index = createLabelIndex(parseLabelWords("a,b,c"));
  expect([1, "1", "1.0", " 1.000", 1.0].map((label) => index.indexOf(label, 1))).toEqual([1, 1, 1, 1, 1]);
  const named = createLabelIndex(parseLabelWords("1=a,1.0=b"));
  expect([1, "1.0", "1.00"].map((label) => named.indexOf(label, 1))).toEqual([0, 1, 0]);
  const asPandas = createLabelIndex(parseLabelWords("0.0=a,1.0=b"));
  expect([0, "1", "1.0", "0.00"].map((label) => asPandas.indexOf(label, 1))).toEqual([0, 1, 1, 0]);
  for (const label of [-1, "-1", "-1.0", "-", 0.5, NaN, Infinity, "1.", "1.0.0", "1e0", "0x1"]) {
    expect(() => index.indexOf(label, 9), String(label)).toThrow(/line 9 .*-1 or a dash/u);
  }
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
