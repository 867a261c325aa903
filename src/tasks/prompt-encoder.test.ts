import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPromptEncoder, type PromptText } from "./prompt-encoder.js";
import { parseTemplate } from "./template.js";
import { createTokenizer, type TextTokenizer } from "./tokenizer.js";

const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const minilm = createTokenizer({
  tokenizer: json("../../models/minilm-mlm/tokenizer.json"),
  config: json("../../models/minilm-mlm/tokenizer_config.json"),
});
const robertaLike = createTokenizer({
  tokenizer: json("./fixtures/roberta-like.tokenizer.json"),
  config: json("./fixtures/roberta-like.tokenizer_config.json"),
});
const tokenizers: readonly [string, TextTokenizer][] = [
  ["BERT", minilm],
  ["RoBERTa", robertaLike],
];

const encoder = (tokenizer: TextTokenizer, template: string, maximumTokens: number) =>
  createPromptEncoder({ tokenizer, template: parseTemplate(template), maximumTokens });
const encode = (
  tokenizer: TextTokenizer,
  template: string,
  record: PromptText,
  maximumTokens = 64,
): number[] => Array.from(encoder(tokenizer, template, maximumTokens).encode(record).inputIds);
/** What a person gets who pastes the prompt together and lets the tokenizer find the mask in it. */
const pasted = (tokenizer: TextTokenizer, prompt: string): number[] => [
  ...tokenizer.special.prefix,
  ...tokenizer.encode(prompt.replace("{mask}", tokenizer.special.mask!.content)),
  ...tokenizer.special.suffix,
];

for (const [name, tokenizer] of tokenizers) {
  describe(name, () => {
    test("an uncut prompt has the tokens of the pasted string", () => {
      const plain = fc.string({ unit: fc.constantFrom(...Array.from("abc e.,'\n\t éΣ½")), maxLength: 30 });
      fc.assert(
        fc.property(plain, plain, (text, pair) => {
          const [a, b] = [text.trim(), pair.trim()];
          expect(encode(tokenizer, "{text} it was {mask}.", { text }, 200)).toEqual(
            pasted(tokenizer, `${a} it was {mask}.`),
          );
          expect(encode(tokenizer, "{mask} : {text}!{pair}", { text, pair }, 200)).toEqual(
            pasted(tokenizer, `{mask} : ${a}!${b}`),
          );
        }),
      );
    });

    test("the mask stands at the mask position, and every segment id is 0", () => {
      const prompt = encoder(tokenizer, "{text} it was {mask}.", 64).encode({ text: "the film was great" });
      expect(prompt.inputIds[prompt.maskPosition]).toBe(tokenizer.special.mask!.id);
      expect(prompt.tokenTypeIds).toEqual(new Int32Array(prompt.inputIds.length));
    });

    test("long text is cut, never the prompt", () => {
      fc.assert(
        fc.property(
          fc.string({ unit: fc.constantFrom(...Array.from("ab c d東")), maxLength: 400 }),
          (text) => {
            const ids = encode(tokenizer, "so {text} it was {mask}.", { text }, 20);
            expect(ids.length).toBeLessThanOrEqual(20);
            const fixed = pasted(tokenizer, " it was {mask}.").slice(tokenizer.special.prefix.length);
            expect(ids.slice(-fixed.length)).toEqual(fixed);
          },
        ),
      );
    });

    test("a cut prompt has the tokens of the pasted string with the cut text in it", () => {
      const words = "the film was great and it was good of a story with no bad end".split(" ");
      const ids = encode(tokenizer, "{text} it was {mask}.", { text: words.join(" ") }, 14);
      const candidates = words.map((_, kept) =>
        pasted(tokenizer, `${words.slice(0, kept + 1).join(" ")} it was {mask}.`),
      );
      expect(candidates).toContainEqual(ids);
      const kept = candidates.findIndex((candidate) => String(candidate) === String(ids));
      expect(candidates[kept + 1]!.length).toBeGreaterThan(14);
    });

    test("a special token written in a record's text is tokenised as plain text", () => {
      const { mask, byContent } = tokenizer.special;
      const hostile = [...byContent.keys()].join(" great ");
      const prompt = encoder(tokenizer, "{text} it was {mask}.", 200).encode({ text: hostile });
      const special = new Set([...byContent.values()].map(({ id }) => id));
      special.delete(tokenizer.special.unknown!);
      const framing = Array.from(prompt.inputIds).filter((id) => special.has(id));
      expect(framing).toEqual([...tokenizer.special.prefix, mask!.id, ...tokenizer.special.suffix]);
      expect(prompt.inputIds[prompt.maskPosition]).toBe(mask!.id);
    });

    test("a word too long for the prompt is cut inside", () => {
      const ids = encode(tokenizer, "{text} it was {mask}.", { text: "東".repeat(500) }, 24);
      expect(ids.length).toBeGreaterThan(20);
      expect(ids.length).toBeLessThanOrEqual(24);
    });

    test("a text of white space alone leaves the prompt as it is", () => {
      expect(encode(tokenizer, "{text} it was {mask}.", { text: " \n\t " })).toEqual(
        pasted(tokenizer, " it was {mask}."),
      );
    });
  });
}

describe("a pair", () => {
  const long = Array.from({ length: 50 }, () => "good").join(" ");
  const count = (ids: readonly number[], word: string): number =>
    ids.filter((id) => id === minilm.vocabulary.get(word)).length;

  test("the longer of the two is cut first", () => {
    const template = "{text} ? {mask} , {pair}";
    const first = encode(minilm, template, { text: long, pair: "bad bad bad" }, 20);
    expect([count(first, "good"), count(first, "bad"), first.length]).toEqual([12, 3, 20]);
    const second = encode(minilm, template, { text: "bad bad bad", pair: long }, 20);
    expect([count(second, "good"), count(second, "bad"), second.length]).toEqual([12, 3, 20]);
  });

  test("two long texts share the room, the first with the odd token", () => {
    const ids = encode(
      minilm,
      "{text} ? {mask} , {pair}",
      { text: long, pair: long.replaceAll("good", "bad") },
      20,
    );
    expect([count(ids, "good"), count(ids, "bad")]).toEqual([8, 7]);
  });

  test("a record without one is refused", () => {
    expect(() => encode(minilm, "{text} ? {mask} , {pair}", { text: "secret" })).toThrow(
      expect.objectContaining({
        code: "missing-pair",
        message: expect.not.stringContaining("secret") as string,
      }),
    );
  });
});

describe("what cannot work is refused before a record is seen", () => {
  test("a fixed part that leaves no room", () => {
    expect(encoder(minilm, "{text} it was {mask}.", 7).fixedTokens).toBe(6);
    expect(() => encoder(minilm, "{text} it was {mask}.", 6)).toThrow(
      expect.objectContaining({ code: "prompt-too-long", value: 6 }),
    );
  });

  test("a length that is no whole number", () => {
    for (const length of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encoder(minilm, "{text} {mask}", length)).toThrow(
        expect.objectContaining({ code: "invalid-maximum-tokens" }),
      );
    }
  });

  test("a template that spells out a special token", () => {
    expect(() => encoder(minilm, "{text} [SEP] {mask}", 64)).toThrow(
      expect.objectContaining({ code: "template-special-token", value: "[SEP]" }),
    );
  });

  test("a tokenizer without a mask", () => {
    const special = { ...minilm.special, mask: undefined };
    expect(() => encoder({ ...minilm, special }, "{text} {mask}", 64)).toThrow(
      expect.objectContaining({ code: "missing-special-token" }),
    );
  });
});

test("RoBERTa's mask takes the space before it, BERT's does not, and a mask at the start has none", () => {
  expect(encoder(robertaLike, "{text} it was {mask}.", 64).maskTakesSpace).toBe(true);
  expect(encoder(robertaLike, "{mask} : {text}", 64).maskTakesSpace).toBe(false);
  expect(encoder(minilm, "{text} it was {mask}.", 64).maskTakesSpace).toBe(false);
});
