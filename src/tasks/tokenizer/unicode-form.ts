import { classBody, placesOf } from "./characters.js";
import * as tables from "./unicode.generated.js";

/** A normalisation form of Unicode. */
export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

const knownMark = `[${classBody(tables.combiningMark)}]`;
const newerMark = `(?!${knownMark})\\p{M}`;
const opaque = {
  canonical: new RegExp(`${newerMark}|[${classBody(tables.notDecomposed)}]`, "gu"),
  compatible: new RegExp(`${newerMark}|[${classBody(tables.notCompatible)}]`, "gu"),
};
const newComposition = new RegExp(`[${classBody(tables.notDecomposed)}]`, "gu");

/**
 * Puts text in a normalisation form as Python's `tokenizers` does, whose tables are of Unicode 9.
 *
 * Characters that a later version decomposes, composes or reorders stay as they are, as if they were unassigned.
 *
 * @see Unicode Standard Annex 15
 */
export function inForm(text: string, form: UnicodeForm): string {
  if (/^[\0-\x7F]*$/.test(text)) return text;
  const unknown = form === "NFC" || form === "NFD" ? opaque.canonical : opaque.compatible;
  let result = "";
  let from = 0;
  for (const { start, end } of placesOf(text, unknown)) {
    result += known(text.slice(from, start), form) + text.slice(start, end);
    from = end;
  }
  return result + known(text.slice(from), form);
}

function known(text: string, form: UnicodeForm): string {
  const normalised = text.normalize(form);
  const composes = form === "NFC" || form === "NFKC";
  return composes ? normalised.replace(newComposition, (composed) => composed.normalize("NFD")) : normalised;
}
