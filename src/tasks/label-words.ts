import { TaskError } from "./errors.js";
import { nearWords } from "./near-words.js";
import type { TextTokenizer } from "./tokenizer.js";

/** A label word and its token. */
export interface LabelWord {
  readonly word: string;
  readonly tokenId: number;
}

/** Where the label words stand. */
export interface LabelWordContext {
  /** From the prompt encoder: the word carries the space before the mask. */
  readonly maskTakesSpace: boolean;
  /** From the prompt encoder: the tokens of a word in the mask's place; those of the word alone where absent. */
  readonly wordIds?: (word: string) => number[];
}

/**
 * Finds the one token of every label word, or refuses.
 *
 * Guarantees:
 * - Every label word is one token in the mask's place, no two the same.
 *
 * @throws {TaskError} code `label-word-not-one-token`, with the word's pieces and near words that are one token;
 * `label-word-repeated`; `invalid-label-words` for fewer than two words.
 * @example
 * resolveLabelWords(tokenizer, ["terrible", "great"], encoder);
 * // [{ word: "terrible", tokenId: 6659 }, { word: "great", tokenId: 2307 }]
 */
export function resolveLabelWords(
  tokenizer: TextTokenizer,
  words: readonly string[],
  context: LabelWordContext,
): readonly LabelWord[] {
  if (words.length < 2) {
    throw new TaskError("invalid-label-words", {
      message: `${words.length} label words were given.`,
      value: words.length,
      expected: "at least two, one for each label",
    });
  }
  const found = words.map((word) => ({
    word,
    tokenId: singleToken(tokenizer, word, context),
  }));
  refuseRepeats(found);
  return found;
}

function singleToken(tokenizer: TextTokenizer, word: string, context: LabelWordContext): number {
  const { maskTakesSpace } = context;
  const idsOf =
    context.wordIds ?? ((text: string) => tokenizer.encodePlain((maskTakesSpace ? " " : "") + text));
  const ids = idsOf(word);
  const [id] = ids;
  if (id !== undefined && ids.length === 1 && id !== tokenizer.special.unknown) return id;
  const pieces = ids.map((piece) => tokenizer.tokenOf(piece) ?? String(piece));
  const near = nearWords(tokenizer, word, maskTakesSpace, idsOf);
  throw new TaskError("label-word-not-one-token", {
    message: `The label word ${JSON.stringify(word)} is ${described(pieces)} for this tokenizer.`,
    value: word,
    expected: "a word that is one token",
    ...(near.length > 0 && { next: `Near words that are: ${near.join(", ")}.` }),
  });
}

function described(pieces: readonly string[]): string {
  if (pieces.length === 0) return "no token";
  if (pieces.length === 1) return "unknown";
  return `${pieces.length} tokens (${pieces.join(" ")})`;
}

function refuseRepeats(words: readonly LabelWord[]): void {
  const seen = new Map<number, string>();
  for (const { word, tokenId } of words) {
    const earlier = seen.get(tokenId);
    if (earlier !== undefined) {
      throw new TaskError("label-word-repeated", {
        message: `The label words ${JSON.stringify(earlier)} and ${JSON.stringify(word)} are the same token.`,
        value: word,
        expected: "a different word for each label",
      });
    }
    seen.set(tokenId, word);
  }
}
