import { editDistance } from "./edit-distance.js";
import type { TextTokenizer } from "./tokenizer.js";

const letters = /^\p{L}+$/u;
/** How many near words are suggested. */
const suggestions = 5;

/**
 * Words of the vocabulary near to a word that is not one token: few changed letters, or the same beginning.
 *
 * Only words that are one token in the place of the mask are given.
 */
export function nearWords(
  tokenizer: TextTokenizer,
  word: string,
  withSpace: boolean,
  idsOf: (word: string) => readonly number[],
): readonly string[] {
  const target = word.toLowerCase();
  const ranked = wholeWords(tokenizer, withSpace)
    .map((candidate) => ({ candidate, distance: remoteness(target, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const near: string[] = [];
  for (const { candidate } of ranked) {
    if (near.length === suggestions) break;
    if (idsOf(candidate).length === 1) near.push(candidate);
  }
  return near;
}

/** Edit distance, less half of a shared beginning, so that `terribly` finds `terrible` and `terror`. */
function remoteness(target: string, candidate: string): number {
  let shared = 0;
  while (shared < target.length && target[shared] === candidate[shared]) shared += 1;
  return editDistance(target, candidate) - shared / 2;
}

function wholeWords({ vocabulary, shape, special }: TextTokenizer, withSpace: boolean): readonly string[] {
  const { space, continuing } = shape;
  const words: string[] = [];
  for (const token of vocabulary.keys()) {
    if (special.byContent.has(token)) continue;
    if (continuing !== undefined && token.startsWith(continuing)) continue;
    const spaced = space !== undefined && token.startsWith(space);
    if (space !== undefined && spaced !== withSpace) continue;
    const word = spaced ? token.slice(1) : token;
    if (word.length > 1 && letters.test(word)) words.push(word);
  }
  return words;
}
