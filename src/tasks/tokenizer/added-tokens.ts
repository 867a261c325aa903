import type { AddedToken } from "../tokenizer-files.js";
import { lengthWithoutTrailingSpace } from "./characters.js";
import { rustWord } from "./pattern-sets.js";
import { PrefixTable } from "./prefix-table.js";

/** An added token with the text that stands for it, which is its content or what the normaliser makes of it. */
export interface Pattern {
  readonly text: string;
  readonly token: AddedToken;
}

/** A part of a text: an added token, or what lies between two. */
export interface Section {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

const wordAtStart = new RegExp(`^${rustWord()}`, "v");
const wordAtEnd = new RegExp(`${rustWord()}$`, "v");

/**
 * Finds added tokens in texts: the leftmost first, and the longest of those that begin in one place.
 *
 * A token with `single_word` is passed over where a letter, a digit, a mark or an underscore stands beside it; `lstrip` and `rstrip`
 * take the white space beside it. All as `AddedVocabulary::find_matches` of Hugging Face's `tokenizers` does.
 */
export function addedTokenFinder(patterns: readonly Pattern[]): (text: string) => readonly Section[] {
  const byText = new Map<string, AddedToken>();
  for (const { text, token } of patterns) if (!byText.has(text)) byText.set(text, token);
  if (byText.size === 0)
    return (text) => (text === "" ? [] : [{ start: 0, end: text.length, token: undefined }]);
  const table = new PrefixTable(byText.keys());
  return (text) => sectionsOf(text, matches(text, table, byText));
}

function matches(
  text: string,
  table: PrefixTable,
  byText: ReadonlyMap<string, AddedToken>,
): readonly Section[] {
  const found: Section[] = [];
  for (let start = 0; start < text.length;) {
    const match = table.longest(text, start);
    const token = match === undefined ? undefined : byText.get(match);
    if (match === undefined || token === undefined) start += 1;
    else {
      found.push({ start, end: start + match.length, token });
      start += match.length;
    }
  }
  return found;
}

function sectionsOf(text: string, found: readonly Section[]): readonly Section[] {
  const sections: Section[] = [];
  let from = 0;
  for (const match of found) {
    if (match.token?.single_word === true && touchesWord(text, match)) continue;
    const { start, end } = withSpace(text, match, from);
    if (start > from) sections.push({ start: from, end: start, token: undefined });
    sections.push({ start, end, token: match.token });
    from = end;
  }
  if (from < text.length) sections.push({ start: from, end: text.length, token: undefined });
  return sections;
}

function touchesWord(text: string, { start, end }: Section): boolean {
  return (
    wordAtEnd.test(text.slice(Math.max(0, start - 2), start)) || wordAtStart.test(text.slice(end, end + 2))
  );
}

/** What an earlier token has taken stays taken. */
function withSpace(
  text: string,
  { start, end, token }: Section,
  from: number,
): Pick<Section, "start" | "end"> {
  const left =
    token?.lstrip === true ? Math.max(lengthWithoutTrailingSpace(text.slice(0, start)), from) : start;
  const space = token?.rstrip === true ? (/^\p{White_Space}+/u.exec(text.slice(end))?.[0].length ?? 0) : 0;
  return { start: left, end: end + space };
}
