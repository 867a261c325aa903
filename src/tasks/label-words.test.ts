import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { editDistance } from "./edit-distance.js";
import { resolveLabelWords } from "./label-words.js";
import { createTokenizer } from "./tokenizer.js";

const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const minilm = createTokenizer({
  tokenizer: json("../../models/minilm-mlm/tokenizer.json"),
  config: json("../../models/minilm-mlm/tokenizer_config.json"),
});
const robertaLike = createTokenizer({
  tokenizer: json("./fixtures/roberta-like.tokenizer.json"),
  config: json("./fixtures/roberta-like.tokenizer_config.json"),
});
const noSpace = { maskTakesSpace: false };
const space = { maskTakesSpace: true };
const failure = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

test("finds the one token of each word", () => {
  const words = resolveLabelWords(minilm, ["terrible", "Great"], noSpace);
  expect(words.map(({ tokenId }) => tokenId)).toEqual([6659, 2307]);
});

test("in byte-level BPE the word carries the space before the mask", () => {
  const [terrible] = resolveLabelWords(robertaLike, ["terrible", "great"], space);
  expect(robertaLike.tokenOf(terrible!.tokenId)).toBe("Ġterrible");
  expect(failure(() => resolveLabelWords(robertaLike, ["terrible", "great"], noSpace))).toMatchObject({
    code: "label-word-not-one-token",
    message: expect.stringContaining("3 tokens (te rri ble)") as string,
  });
});

test("a word of several tokens is refused with its pieces and near words that are one token", () => {
  const error = failure(() => resolveLabelWords(minilm, ["great", "terribleness"], noSpace));
  expect(error).toMatchObject({ code: "label-word-not-one-token", value: "terribleness" });
  expect((error as Error).message).toMatch(
    /2 tokens \(terrible ##ness\).*Near words that are:.*\bterrible\b/,
  );
  for (const word of (error as { next: string }).next.replace(/^.*: |\.$/g, "").split(", ")) {
    expect(minilm.encodePlain(word)).toHaveLength(1);
  }
});

test("a word with a special token's name, an empty one and an unknown one are refused", () => {
  for (const word of ["[MASK]", "", " ", "\u{1F6D1}"]) {
    expect(
      failure(() => resolveLabelWords(minilm, ["great", word], noSpace)),
      word,
    ).toMatchObject({
      code: "label-word-not-one-token",
    });
  }
});

test("the same token twice is refused, also in other letters", () => {
  expect(failure(() => resolveLabelWords(minilm, ["great", "GREAT"], noSpace))).toMatchObject({
    code: "label-word-repeated",
  });
});

test("one label word is refused", () => {
  expect(failure(() => resolveLabelWords(minilm, ["great"], noSpace))).toMatchObject({
    code: "invalid-label-words",
  });
});

test("edit distance", () => {
  expect([editDistance("kitten", "sitting"), editDistance("", "abc"), editDistance("same", "same")]).toEqual([
    3, 3, 0,
  ]);
});
