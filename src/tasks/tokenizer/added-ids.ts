import type { AddedToken } from "../tokenizer-files.js";
import { refused, shown } from "./read.js";

/**
 * Checks that every added token has the id that Python's `tokenizers` would give it, whatever the file says: that of the vocabulary,
 * or the next one that is free, in the order of the list.
 *
 * @throws {TaskError} code `invalid-tokenizer`, also for a token that stands in the list twice.
 */
export function checkAddedIds(tokens: readonly AddedToken[], vocabulary: ReadonlyMap<string, number>): void {
  const seen = new Set<string>();
  let highest = -1;
  tokens.forEach(({ content, id }, index) => {
    const at = `added_tokens.${index}`;
    if (seen.has(content)) throw refused(at, `the token ${shown(content)} is added twice`);
    seen.add(content);
    const next = Math.max(highest + 1, vocabulary.size);
    const right = vocabulary.get(content) ?? next;
    if (id !== right) {
      throw refused(
        at,
        `the token ${shown(content)} has the id ${id}, and Python's tokenizers would give it ${right}`,
      );
    }
    highest = Math.max(highest, right);
  });
}
