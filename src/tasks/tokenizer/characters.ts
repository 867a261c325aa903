import * as tables from "./unicode.generated.js";

/** Inside of a character class for ranges such as `20-2f 3a`. */
export function classBody(ranges: string): string {
  return ranges
    .split(" ")
    .map((range) =>
      range
        .split("-")
        .map((code) => `\\u{${code}}`)
        .join("-"),
    )
    .join("");
}

/** Characters as BERT's punctuation rule and `Punctuation` count them: Unicode 8, and all of ASCII's marks. */
export const punctuation = new RegExp(`[${classBody(tables.punctuation)}]`, "gu");
/** Marks that BERT's `strip_accents` drops. */
export const bertMark = new RegExp(`[${classBody(tables.bertMark)}]`, "gu");
/** What BERT's `clean_text` drops. */
export const bertControl = new RegExp(`[${classBody(tables.bertControl)}]`, "gu");
/** Marks that `StripAccents` drops. */
export const combiningMark = new RegExp(`[${classBody(tables.combiningMark)}]`, "gu");
/** White space as Rust's `char::is_whitespace` counts it; JavaScript's `\s` has U+FEFF more and U+0085 less. */
export const whiteSpace = /\p{White_Space}/gu;
/** `char::is_numeric`. */
export const numeric = /\p{N}/gu;

/**
 * Lower case character by character, as Rust's `char::to_lowercase`: a capital sigma at the end of a word is `σ` too.
 *
 * ASCII has no letter whose lower case depends on its neighbours.
 */
export function lowercased(text: string): string {
  if (/^[\0-\x7F]*$/.test(text)) return text.toLowerCase();
  let result = "";
  for (const character of text) result += character.toLowerCase();
  return result;
}

/** Without white space at its ends, by Unicode's property. */
export function stripped(text: string, left: boolean, right: boolean): string {
  const start = left ? text.replace(/^\p{White_Space}+/u, "") : text;
  return right ? start.slice(0, lengthWithoutTrailingSpace(start)) : start;
}

/** Where the white space at the end begins; a pattern anchored at the end alone would take quadratic time. */
export function lengthWithoutTrailingSpace(text: string): number {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text.charAt(end - 1))) end -= 1;
  return end;
}

/** Where a pattern with the flag `g` matches; `matchAll` would copy the pattern, and compile it again, for every text. */
export function placesOf(
  text: string,
  pattern: RegExp,
): readonly { readonly start: number; readonly end: number }[] {
  const places: { readonly start: number; readonly end: number }[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    places.push({ start: match.index, end: match.index + match[0].length });
  }
  return places;
}
