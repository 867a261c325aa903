import { classBody } from "./characters.js";
import { patternUnassigned } from "./unicode.generated.js";

const categories = /^(?:L[ulmot]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?)$/;
const scripts = new Set([
  ...[
    "Arabic",
    "Armenian",
    "Bengali",
    "Cyrillic",
    "Devanagari",
    "Greek",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
  ],
  ...["Katakana", "Latin", "Tamil", "Thai"],
]);

let newer: string | undefined;

/** What the JavaScript engine knows and Oniguruma's tables (Unicode 16) do not, as a class of the `v` flag. */
function newerCharacters(): string {
  newer ??= patternUnassigned
    .split(" ")
    .filter((range) => new RegExp(`[[${classBody(range)}]--\\p{Cn}]`, "v").test(sample(range)))
    .join(" ");
  return newer;
}

/** All characters of a range as one text. */
function sample(range: string): string {
  const [first = "", last = first] = range.split("-");
  const start = Number.parseInt(first, 16);
  const length = Number.parseInt(last, 16) - start + 1;
  return Array.from({ length }, (_, index) => String.fromCodePoint(start + index)).join("");
}

function withoutNewer(set: string): string {
  const later = newerCharacters();
  return later === "" ? `[${set}]` : `[[${set}]--[${classBody(later)}]]`;
}

/** `\p{...}` of Oniguruma as a class of the `v` flag; undefined for a name that dpzo does not read. */
export function propertySet(name: string): string | undefined {
  // U+0295 was a small letter up to Unicode 16 and is one without case since.
  if (name === "Ll") return withoutNewer("\\p{Ll}\\u{295}");
  if (name === "Lo") return withoutNewer("[\\p{Lo}--\\u{295}]");
  if (categories.test(name)) return withoutNewer(`\\p{${name}}`);
  return scripts.has(name) ? withoutNewer(`\\p{Script=${name}}`) : undefined;
}

/** `\d`, `\s` and `\w` of Oniguruma, whose `\w` holds six numerals more where it stands outside of a class. */
export function shorthandSet(letter: string, isInClass: boolean): string | undefined {
  if (letter === "s") return "[\\p{White_Space}]";
  if (letter === "d") return withoutNewer("\\p{Nd}");
  if (letter !== "w") return undefined;
  const numerals = isInClass ? "" : "\\u{B2}\\u{B3}\\u{B9}\\u{BC}-\\u{BE}";
  return withoutNewer(`\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}${numerals}`);
}

/** A character as itself, whatever it means in a pattern. */
export function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** A letter of ASCII in both cases, and the two other characters that fold to one (long s, Kelvin sign). */
export function bothCases(letter: string): string {
  const lower = letter.toLowerCase();
  const more = lower === "s" ? "\\u{17F}" : lower === "k" ? "\\u{212A}" : "";
  return `[${literal(lower)}${literal(lower.toUpperCase())}${more}]`;
}

/** `\w` of Rust's `regex` crate, whose tables are as old as Oniguruma's, as a class of the `v` flag. */
export function rustWord(): string {
  return withoutNewer("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}");
}
