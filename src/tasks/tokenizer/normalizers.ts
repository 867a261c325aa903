import * as z from "zod";
import { normalizeBertText } from "../bert-normalizer.js";
import { combiningMark, lowercased, stripped } from "./characters.js";
import { compilePattern, patternSchema } from "./pattern.js";
import { precompiledNormalizer } from "./precompiled.js";
import { partsOf, read, typedComponent, unsupported } from "./read.js";
import { inForm, type UnicodeForm } from "./unicode-form.js";

/** Changes a text before it is split. */
export type Normalise = (text: string) => string;
type Settings = Readonly<Record<string, unknown>>;
type Maker = (settings: Settings, at: string, depth: number) => Normalise;

const bertSchema = z.looseObject({
  clean_text: z.boolean(),
  handle_chinese_chars: z.boolean(),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean(),
});
const stripSchema = z.looseObject({ strip_left: z.boolean(), strip_right: z.boolean() });
const replaceSchema = z.looseObject({ pattern: patternSchema, content: z.string() });

const form =
  (name: UnicodeForm): Maker =>
  () =>
  (text) =>
    inForm(text, name);

const makers: Readonly<Record<string, Maker>> = {
  BertNormalizer: (settings, at) => {
    const found = read(bertSchema, settings, at);
    const flags = {
      cleanText: found.clean_text,
      handleChineseCharacters: found.handle_chinese_chars,
      stripAccents: found.strip_accents ?? undefined,
      lowercase: found.lowercase,
    };
    return (text) => normalizeBertText(text, flags);
  },
  Lowercase: () => lowercased,
  NFC: form("NFC"),
  NFD: form("NFD"),
  NFKC: form("NFKC"),
  NFKD: form("NFKD"),
  Precompiled: (settings, at) => {
    const table = read(
      z.looseObject({ precompiled_charsmap: z.string() }),
      settings,
      at,
    ).precompiled_charsmap;
    return precompiledNormalizer(table, `${at}.precompiled_charsmap`);
  },
  Prepend: (settings, at) => {
    const { prepend } = read(z.looseObject({ prepend: z.string() }), settings, at);
    return (text) => (text === "" ? "" : prepend + text);
  },
  Replace: (settings, at) => {
    const { pattern, content } = read(replaceSchema, settings, at);
    const compiled = compilePattern(pattern, `${at}.pattern`);
    // A function, since `$` in a replacement text would have a meaning of its own.
    return (text) => text.replace(compiled, () => content);
  },
  Sequence: (settings, at, depth) => {
    const parts = partsOf(settings["normalizers"], `${at}.normalizers`).map((part, index) =>
      createNormalizer(part, `${at}.normalizers.${index}`, depth + 1),
    );
    return (text) => parts.reduce((current, part) => part(current), text);
  },
  Strip: (settings, at) => {
    const { strip_left, strip_right } = read(stripSchema, settings, at);
    return (text) => stripped(text, strip_left, strip_right);
  },
  StripAccents: () => (text) => text.replace(combiningMark, ""),
};

/** Names of the normalisers that are read. */
export const normalizerNames: readonly string[] = Object.keys(makers);

/**
 * The normaliser of a `tokenizer.json`, which changes every text as Python's `tokenizers` 0.23.3 does.
 *
 * @throws {TaskError} code `invalid-tokenizer` for one that is not among `normalizerNames`.
 */
export function createNormalizer(value: unknown, at = "normalizer", depth = 0): Normalise {
  if (value === null || value === undefined) return (text) => text;
  const settings = typedComponent(value, at, depth);
  const type = settings["type"];
  const make = typeof type === "string" && Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined) throw unsupported(at, type, normalizerNames);
  return make(settings, at, depth);
}
