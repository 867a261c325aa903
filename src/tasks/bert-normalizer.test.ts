import { expect, test } from "vitest";
import { normalizeBertText } from "./bert-normalizer.js";

const uncased = { cleanText: true, handleChineseCharacters: true, stripAccents: undefined, lowercase: true };
const cased = { ...uncased, lowercase: false };

test("uncased: accents go, letters are lowered one by one", () => {
  expect(normalizeBertText("Café ÅNGSTRÖM ΣΑΣ İ", uncased)).toBe("cafe angstrom σασ i");
});

test("cased: accents stay unless asked for", () => {
  expect(normalizeBertText("Café", cased)).toBe("Café");
  expect(normalizeBertText("Café", { ...cased, stripAccents: true })).toBe("Cafe");
});

test("ideographs get spaces, also above U+FFFF; kana do not", () => {
  expect(normalizeBertText("a東b𠀀cの", uncased)).toBe("a 東 b 𠀀 cの");
});

test("control characters go, every white space becomes a space", () => {
  expect(normalizeBertText("a\0b\u200Bc\uFFFDd\te\u00A0f\u2028g\u0085h", uncased)).toBe("abcd e f gh");
});

test("does nothing when nothing is asked for", () => {
  const none = { cleanText: false, handleChineseCharacters: false, stripAccents: false, lowercase: false };
  expect(normalizeBertText("É\t東", none)).toBe("É\t東");
});
