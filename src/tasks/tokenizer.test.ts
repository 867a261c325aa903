import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenizer } from "./tokenizer.js";

const model = new URL("../../models/minilm-mlm/", import.meta.url);
const fixtures = new URL("./fixtures/", import.meta.url);
const shared = new URL("../../../shared/golden/tokenizers/", import.meta.url);

const json = (url: URL): unknown => JSON.parse(readFileSync(url, "utf8"));
interface GoldenRow {
  text: string;
  ids: number[];
  framed?: number[];
}
const rows = (url: URL): GoldenRow[] =>
  readFileSync(url, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as GoldenRow);

const minilm = createTokenizer({
  tokenizer: json(new URL("tokenizer.json", model)),
  config: json(new URL("tokenizer_config.json", model)),
});
const robertaLike = createTokenizer({
  tokenizer: json(new URL("roberta-like.tokenizer.json", fixtures)),
  config: json(new URL("roberta-like.tokenizer_config.json", fixtures)),
});

// Golden rows: `python src/tasks/fixtures/make-fixtures.py` with tokenizers 0.23.3,
// ids = tokenizer.encode(text, add_special_tokens=False).ids, framed = tokenizer.encode(text).ids
for (const [name, tokenizer, file] of [
  ["BERT WordPiece", minilm, "minilm.jsonl"],
  ["byte-level BPE", robertaLike, "roberta-like.jsonl"],
] as const) {
  for (const { text, ids, framed } of rows(new URL(file, fixtures))) {
    test(`${name}: ids of ${JSON.stringify(text).slice(0, 40)} equal those of Python's tokenizers`, () => {
      expect(tokenizer.encode(text)).toEqual(ids);
      const { prefix, suffix } = tokenizer.special;
      expect([...prefix, ...tokenizer.encode(text), ...suffix]).toEqual(framed);
    });
  }
}

test.skipIf(!existsSync(shared))(
  "equals every row of minilm.jsonl (needs ../shared/golden/tokenizers)",
  () => {
    const golden = rows(new URL("minilm.jsonl", shared));
    expect(golden.length).toBeGreaterThan(80);
    for (const { text, ids } of golden) expect(minilm.encode(text), text).toEqual(ids);
  },
);

const smollm = process.env["DPZO_SMOLLM2"];
test.skipIf(smollm === undefined)(
  "equals every row of smollm2.jsonl (needs DPZO_SMOLLM2, an unpacked folder)",
  () => {
    const folder = new URL(`file://${smollm ?? ""}/`);
    const tokenizer = createTokenizer({
      tokenizer: json(new URL("tokenizer.json", folder)),
      config: json(new URL("tokenizer_config.json", folder)),
    });
    for (const { text, ids } of rows(new URL("smollm2.jsonl", shared))) {
      expect(tokenizer.encode(text), text).toEqual(ids);
    }
  },
);

describe("special tokens", () => {
  test("BERT's are found in the tokenizer's files", () => {
    expect(minilm.special).toMatchObject({ prefix: [101], suffix: [102], pad: 0, unknown: 100 });
    expect(minilm.special.mask).toEqual({ id: 103, content: "[MASK]", takesSpaceBefore: false });
  });

  test("RoBERTa's are found in the tokenizer's files, with the mask's space", () => {
    expect(robertaLike.special).toMatchObject({ prefix: [0], suffix: [2], pad: 1, unknown: 3 });
    expect(robertaLike.special.mask).toEqual({ id: 425, content: "<mask>", takesSpaceBefore: true });
  });

  test("are found by their usual names where the configuration is silent", () => {
    const tokenizer = createTokenizer({ tokenizer: json(new URL("tokenizer.json", model)) });
    expect(tokenizer.special).toMatchObject({ prefix: [101], suffix: [102], pad: 0, mask: { id: 103 } });
  });

  test("encodePlain never gives a special token other than the unknown one", () => {
    for (const tokenizer of [minilm, robertaLike]) {
      const contents = [...tokenizer.special.byContent.keys()];
      const forbidden = new Set(contents.map((content) => tokenizer.special.byContent.get(content)!.id));
      forbidden.delete(tokenizer.special.unknown!);
      const piece = fc.oneof(fc.constantFrom(...contents), fc.string({ unit: "binary", maxLength: 4 }));
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
          expect(tokenizer.encodePlain(pieces.join("")).filter((id) => forbidden.has(id))).toEqual([]);
        }),
      );
      expect(tokenizer.encode(contents.join("")).some((id) => forbidden.has(id))).toBe(true);
    }
  });

  test("encodePlain replaces a special token that the pre-tokeniser leaves whole", () => {
    const tokenizer = createTokenizer({
      tokenizer: {
        added_tokens: [
          { id: 0, content: "[UNK]", special: true },
          { id: 1, content: "[MASK]", special: true },
        ],
        normalizer: null,
        pre_tokenizer: { type: "WhitespaceSplit" },
        post_processor: null,
        decoder: null,
        model: {
          type: "WordPiece",
          unk_token: "[UNK]",
          continuing_subword_prefix: "##",
          max_input_chars_per_word: 100,
          vocab: { "[UNK]": 0, "[MASK]": 1, a: 2 },
        },
      },
    });
    expect(tokenizer.encode("a [MASK] a")).toEqual([2, 1, 2]);
    expect(tokenizer.encodePlain("a [MASK] a")).toEqual([2, 0, 2]);
  });
});

test("a lone surrogate is read as the replacement character", () => {
  expect(robertaLike.encodePlain("a\uD800b")).toEqual(robertaLike.encodePlain("a\uFFFDb"));
});

test("refuses a file that is no tokenizer and says where", () => {
  expect(() =>
    createTokenizer({ tokenizer: { model: {}, added_tokens: [{ id: -1, content: "x" }] } }),
  ).toThrow(/tokenizer\.json cannot be read at "added_tokens\.0\.id"/);
  expect(() => createTokenizer({ tokenizer: null })).toThrow(
    expect.objectContaining({ code: "invalid-tokenizer" }),
  );
});
