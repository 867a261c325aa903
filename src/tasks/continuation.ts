import type { TextTokenizer } from "./tokenizer.js";

/**
 * The tokens that `text` adds to what stands before it, as where both are tokenised as one string.
 *
 * Where the tokens before would change (a word that goes on), those of `text` by itself.
 *
 * @example
 * continuationIds(tokenizer, "It was", " great"); // [2307]; in byte-level BPE the space belongs to the token
 */
export function continuationIds(tokenizer: TextTokenizer, before: string, text: string): number[] {
  const head = tokenizer.encodePlain(before);
  const whole = tokenizer.encodePlain(before + text);
  const goesOn = head.every((id, index) => whole[index] === id);
  return goesOn ? whole.slice(head.length) : tokenizer.encodePlain(text);
}
