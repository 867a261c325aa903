import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TaskError } from "../errors.js";
import { createTokenizer } from "../tokenizer.js";

const folder = new URL("../../../models/minilm-mlm/", import.meta.url);
const json = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Record<string, unknown>;
const bert = { tokenizer: json("tokenizer.json"), config: json("tokenizer_config.json") };

const word = { type: "WordLevel", unk_token: "?", vocab: { "?": 0, a: 1 } };
const pairs = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] };
const nested = (depth: number): unknown =>
  depth === 0 ? { type: "Lowercase" } : { type: "Sequence", normalizers: [nested(depth - 1)] };

function refusal(tokenizer: unknown, config?: unknown): string {
  try {
    createTokenizer({ tokenizer, config });
  } catch (error) {
    if (error instanceof TaskError && error.code === "invalid-tokenizer") return error.message;
    throw error;
  }
  throw new Error("it was opened");
}

test.each<[string, unknown, RegExp]>([
  ["no model", {}, /"model": there is no model/],
  ["no vocabulary", { model: { type: "WordLevel", unk_token: "?" } }, /there is no vocabulary/],
  ["an empty vocabulary", { model: { ...word, vocab: {} } }, /the vocabulary is empty/],
  ["an unknown model", { model: { type: "Char", vocab: {} } }, /"Char" is not supported/],
  ["an id that is not whole", { model: { ...word, vocab: { "?": 0.5 } } }, /the id 0\.5/],
  ["an id that is no number", { model: { ...word, vocab: { "?": "0" } } }, /a value of type string/],
  ["an id beyond int32", { model: { ...word, vocab: { "?": 2 ** 31 } } }, /the id 2147483648/],
  ["a negative id", { model: { ...word, vocab: { "?": -1 } } }, /the id -1/],
  ["two tokens of one id", { model: { ...word, vocab: { "?": 0, a: 0 } } }, /two tokens have the id 0/],
  ["half a character", { model: { ...word, vocab: { "?": 0, "\uD800": 1 } } }, /half a character/],
  [
    "an unknown token that is not there",
    { model: { ...word, unk_token: "!" } },
    /"!" is not in the vocabulary/,
  ],
  ["no merges", { model: { ...pairs, merges: undefined } }, /model\.merges": there are no merges/],
  [
    "merges that are not pairs",
    { model: { ...pairs, merges: [["a", "b", "c"]] } },
    /merges\.0": it is no pair/,
  ],
  ["merges of numbers", { model: { ...pairs, merges: [[0, 1]] } }, /it is no pair/],
  ["a merge of what is not there", { model: { ...pairs, merges: [["a", "c"]] } }, /is not in the vocabulary/],
  ["dropout", { model: { ...pairs, dropout: 0.1 } }, /dropout/],
  ["scores that are none", { model: { type: "Unigram", unk_id: 0, vocab: [["a", null]] } }, /vocab\.0/],
  [
    "a token twice",
    {
      model: {
        type: "Unigram",
        unk_id: 0,
        vocab: [
          ["a", 0],
          ["a", 1],
        ],
      },
    },
    /twice/,
  ],
  ["an unk_id beyond the end", { model: { type: "Unigram", unk_id: 5, vocab: [["a", 0]] } }, /no id 5/],
  ["an unknown normaliser", { model: word, normalizer: { type: "Nmt" } }, /"Nmt" is not supported/],
  ["a normaliser without type", { model: word, normalizer: {} }, /it has no type/],
  ["a normaliser called toString", { model: word, normalizer: { type: "toString" } }, /not supported/],
  ["normalisers in normalisers", { model: word, normalizer: nested(5_000) }, /at most 8 levels/],
  ["an unknown pre-tokeniser", { model: word, pre_tokenizer: { type: "UnicodeScripts" } }, /not supported/],
  ["an unknown decoder", { model: word, decoder: { type: "CTC" } }, /decoder.*"CTC" is not supported/],
  ["an unknown post-processor", { model: word, post_processor: { type: "X" } }, /post_processor.*"X"/],
  [
    "a charsmap that is none",
    { model: word, normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } },
    /too short/,
  ],
  [
    "an added token with another id",
    { model: word, added_tokens: [{ id: 9, content: "<x>" }] },
    /would give it 2/,
  ],
  [
    "an added token twice",
    {
      model: word,
      added_tokens: [
        { id: 2, content: "x" },
        { id: 2, content: "x" },
      ],
    },
    /added twice/,
  ],
])("%s is an error with a name and a place", (_, tokenizer, message) => {
  expect(refusal(tokenizer)).toMatch(message);
});

test("no message is long, whatever stands in the file", () => {
  const long = "x".repeat(100_000);
  const files = [
    { model: { type: long } },
    { model: { ...word, vocab: { [long]: -1 } } },
    { model: { ...word, unk_token: long } },
    { model: word, normalizer: { type: long } },
    {
      model: word,
      pre_tokenizer: { type: "Split", pattern: { Regex: long }, behavior: "Isolated", invert: false },
    },
    {
      model: word,
      pre_tokenizer: {
        type: "Split",
        pattern: { Regex: "(" + "a".repeat(900) },
        behavior: "Isolated",
        invert: false,
      },
    },
    { model: word, added_tokens: [{ id: 9, content: long }] },
  ];
  for (const file of files) expect(refusal(file).length).toBeLessThan(500);
});

test("a tokenizer without normaliser, decoder and other parts is read", () => {
  const tokenizer = createTokenizer({ tokenizer: { model: word } });
  expect(tokenizer.encode("a")).toEqual([1]);
  expect(tokenizer.decode([1, 0, 1])).toBe("a ? a");
});

test("whatever stands in place of a part, the tokenizer is read or refused by its own error", () => {
  const parts = ["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"];
  const types = [
    "Sequence",
    "BPE",
    "Unigram",
    "WordPiece",
    "Split",
    "Metaspace",
    "TemplateProcessing",
    "Strip",
  ];
  const value = fc.oneof(
    fc.jsonValue(),
    fc.record({
      type: fc.constantFrom(...types),
      vocab: fc.jsonValue(),
      merges: fc.jsonValue(),
      normalizers: fc.jsonValue(),
      pattern: fc.jsonValue(),
      single: fc.jsonValue(),
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...parts), value, fc.string(), (part, found, text) => {
      try {
        createTokenizer({ tokenizer: { model: word, [part]: found } }).encode(text);
      } catch (error) {
        expect(error).toBeInstanceOf(TaskError);
      }
    }),
    { numRuns: 2_000 },
  );
});

describe("tokenizer_config.json", () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["do_lower_case", { do_lower_case: false }, /do_lower_case false.*lowercase true/],
    ["strip_accents", { strip_accents: false }, /strip_accents false.*strip_accents true/],
    ["tokenize_chinese_chars", { tokenize_chinese_chars: false }, /tokenize_chinese_chars false/],
    [
      "a flag of an added token",
      { added_tokens_decoder: { "103": { content: "[MASK]", lstrip: true } } },
      /lstrip true/,
    ],
    ["an added token's id", { added_tokens_decoder: { "7": { content: "[MASK]" } } }, /its id 103/],
    ["an added token that is not there", { added_tokens_decoder: { "7": { content: "<x>" } } }, /without it/],
    ["the class", { tokenizer_class: "RobertaTokenizerFast" }, /pre_tokenizer "BertPreTokenizer"/],
  ])("that contradicts tokenizer.json in %s is refused with both values", (_, change, message) => {
    expect(refusal(bert.tokenizer, { ...bert.config, ...change })).toMatch(message);
  });

  test("that says the same in other words, or nothing of tokens, is read", () => {
    const same = {
      added_tokens_decoder: { "103": { content: "[MASK]", special: true } },
      strip_accents: true,
    };
    for (const change of [{}, same, { model_max_length: 1e30, add_prefix_space: true }]) {
      expect(() => createTokenizer({ ...bert, config: { ...bert.config, ...change } })).not.toThrow();
    }
  });
});

test("a pattern that would take exponential time is refused, and one that is read is quick on a long text", () => {
  const split = (Regex: string): unknown => ({
    model: word,
    pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
  });
  for (const pattern of [
    "(a+)+b",
    "(?:a|a)*b",
    "(a*)*",
    "(?:a{1,999}){999}",
    "a*a*a*a*b",
    `${"a?".repeat(30)}b`,
    `${"(?:a|b)".repeat(30)}c`,
  ]) {
    expect(refusal(split(pattern))).toMatch(/repeats|in a row|empty/);
  }
  expect(
    createTokenizer({ tokenizer: split("\\s+(?!\\S)|\\s+|\\S+") }).encode(" ".repeat(20_000)),
  ).toHaveLength(1);
});
