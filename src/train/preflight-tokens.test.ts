import { expect, test } from "vitest";

import { createTokenizer } from "../tasks/index.js";
import { refuseForeignTokens, type TokenBounds } from "./preflight-tokens.js";

interface Added {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film"];

function tokenizer(added: readonly Added[], vocabulary = words) {
  return createTokenizer({
    tokenizer: {
      added_tokens: [
        ...words.slice(0, 5).map((content, id) => ({ id, content, special: true })),
        ...added,
      ].map((token) => ({ single_word: false, lstrip: false, rstrip: false, normalized: false, ...token })),
      normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
      },
    },
  });
}

const model = (vocabularySize: number, change: Partial<TokenBounds> = {}): TokenBounds => ({
  kind: "masked-lm",
  vocabularySize,
  padTokenId: 0,
  ...change,
});

const check = (made: ReturnType<typeof tokenizer>, bounds: TokenBounds) => () => {
  refuseForeignTokens(made, bounds);
};
const refusal = (value: number) =>
  expect.objectContaining({ code: "tokens-beyond-embeddings", value }) as Error;

test("as many embeddings as tokens, or more, are fine", () => {
  for (const size of [words.length, words.length + 1, 64])
    expect(check(tokenizer([]), model(size))).not.toThrow();
});

test("a vocabulary with a word more than there are embeddings is refused", () => {
  expect(check(tokenizer([]), model(words.length - 1))).toThrow(refusal(6));
});

test("an added token that a text can hold is refused, wherever beyond the table it is", () => {
  const url = (id: number) => [{ id, content: "<url>", special: false }];
  // A hole before it would make Python's tokenizers give it another id, so that the words fill it.
  const many = [...words, ...Array.from({ length: 93 }, (_, at) => `w${at}`)];
  for (const [vocabulary, id] of [
    [words, 7],
    [many, 100],
  ] as const) {
    const made = tokenizer(url(id), vocabulary);
    expect(check(made, model(id))).toThrow(refusal(id));
    expect(check(made, model(id + 1))).not.toThrow();
  }
});

test("a special token that no text becomes and no prompt has may lie beyond", () => {
  const made = tokenizer([{ id: 7, content: "<image>", special: true }]);
  expect(check(made, model(7))).not.toThrow();
  expect(made.encodePlain("the <image> film")).not.toContain(7);
});

test("tokens that frame a prompt are refused: mask, separator, unknown", () => {
  const made = tokenizer([]);
  const { special } = made;
  const framings = [{ mask: { ...special.mask!, id: 9 } }, { suffix: [9] }, { unknown: 9 }];
  for (const framing of framings) {
    const subject = { ...made, special: { ...special, ...framing } };
    expect(check(subject, model(8)), Object.keys(framing)[0]).toThrow(refusal(9));
    expect(check(subject, model(10))).not.toThrow();
  }
});

test("a decoder's prompt has no mask, so that a mask token beyond its table stops nothing", () => {
  const made = tokenizer([]);
  const beyond = { ...made, vocabulary: new Map([...made.vocabulary, ["<mask>", 7]]) };
  const mask = {
    ...{ id: 7, content: "<mask>", special: true, lstrip: false, rstrip: false },
    ...{ normalized: false, single_word: false },
  };
  const special = {
    ...made.special,
    mask: { id: 7, content: "<mask>", takesSpaceBefore: false },
    byContent: new Map([...made.special.byContent, ["<mask>", mask]]),
  };
  expect(check({ ...beyond, special }, model(7))).toThrow(refusal(7));
  expect(check({ ...beyond, special }, model(7, { kind: "causal-lm" }))).not.toThrow();
});

test("padding with a token that has no embedding is refused by the config's field", () => {
  expect(check(tokenizer([]), model(7, { padTokenId: 7 }))).toThrow(/pad_token_id of config\.json/u);
});
