import * as z from "zod";
import type { ModelSettings, TokenModel } from "./token-model.js";
import { read } from "./read.js";
import { readVocabulary, requiredId } from "./vocabulary.js";

const schema = z.looseObject({
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.int().nonnegative(),
});

/**
 * WordPiece: from the left the longest token that fits; a word that cannot be covered so is unknown as a whole.
 *
 * @throws {TaskError} code `invalid-tokenizer`
 * @see Wu et al. 2016, arXiv:1609.08144
 */
export function createWordPiece(settings: ModelSettings): TokenModel {
  const found = read(schema, settings, "model");
  const vocabulary = readVocabulary(settings["vocab"], "model.vocab");
  const unknownId = requiredId(vocabulary, found.unk_token, "model.unk_token");
  const longest = Math.max(...lengths(vocabulary));
  const encode = (piece: string): readonly number[] => {
    const characters = Array.from(piece);
    if (characters.length > found.max_input_chars_per_word) return [unknownId];
    const ids: number[] = [];
    for (let start = 0; start < characters.length;) {
      const prefix = start === 0 ? "" : found.continuing_subword_prefix;
      const token = longestToken(characters, start, prefix, vocabulary, longest);
      if (token === undefined) return [unknownId];
      ids.push(token.id);
      start = token.end;
    }
    return ids;
  };
  return { vocabulary, unknown: found.unk_token, continuing: found.continuing_subword_prefix, encode };
}

/** The different lengths of the tokens; a set of a few numbers, where a list of all would be too many arguments. */
function lengths(vocabulary: ReadonlyMap<string, number>): ReadonlySet<number> {
  return new Set([...vocabulary.keys()].map((token) => token.length));
}

function longestToken(
  characters: readonly string[],
  start: number,
  prefix: string,
  vocabulary: ReadonlyMap<string, number>,
  longest: number,
): { readonly id: number; readonly end: number } | undefined {
  for (let end = Math.min(characters.length, start + longest); end > start; end -= 1) {
    const id = vocabulary.get(prefix + characters.slice(start, end).join(""));
    if (id !== undefined) return { id, end };
  }
  return undefined;
}
