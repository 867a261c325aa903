import * as z from "zod";
import { toByteLetters } from "./byte-level.js";
import { numeric, punctuation, whiteSpace } from "./characters.js";
import { rustWord } from "./pattern-sets.js";
import { compilePattern, patternSchema } from "./pattern.js";
import { partsOf, read, refused, typedComponent, unsupported } from "./read.js";
import { behaviorSchema, splitAt, type SplitBehavior } from "./split.js";

/** A part of a text that is cut into tokens by itself. */
export interface Piece {
  readonly text: string;
  /** Whether it begins where the whole text begins. */
  readonly isFirst: boolean;
}
/** Splits pieces into smaller ones. */
export type Split = (piece: Piece) => readonly Piece[];
type Settings = Readonly<Record<string, unknown>>;
type Maker = (settings: Settings, at: string, depth: number) => Split;

const byteLevelSchema = z.looseObject({
  add_prefix_space: z.boolean(),
  use_regex: z.boolean().default(true),
});
const splitSchema = z.looseObject({
  pattern: patternSchema,
  behavior: behaviorSchema,
  invert: z.boolean(),
});
const metaspaceSchema = z.looseObject({
  replacement: z.string().refine((text) => Array.from(text).length === 1, "it is not one character"),
  prepend_scheme: z.enum(["always", "first", "never"]).optional(),
  add_prefix_space: z.boolean().nullish(),
  str_rep: z.string().nullish(),
  split: z.boolean().nullish(),
});

/** GPT-2's pattern. */
const byteLevelPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function at(pattern: RegExp, behavior: SplitBehavior, inverted = false): Split {
  return ({ text, isFirst }) =>
    splitAt(text, pattern, behavior, inverted).map(({ start, end }) => ({
      text: text.slice(start, end),
      isFirst: isFirst && start === 0,
    }));
}

function inTurn(parts: readonly Split[]): Split {
  return (piece) =>
    parts.reduce<readonly Piece[]>(
      (pieces, part) => pieces.flatMap((one) => (one.text === "" ? [] : part(one))),
      [piece],
    );
}

const makers: Readonly<Record<string, Maker>> = {
  BertPreTokenizer: () => inTurn([at(whiteSpace, "Removed"), at(punctuation, "Isolated")]),
  ByteLevel: (settings, path) => {
    const { add_prefix_space: adds, use_regex } = read(byteLevelSchema, settings, path);
    const split = use_regex ? at(compilePattern({ Regex: byteLevelPattern }, path), "Isolated") : undefined;
    return ({ text, isFirst }) => {
      const whole = { text: adds && !text.startsWith(" ") ? ` ${text}` : text, isFirst };
      const pieces = split === undefined ? [whole] : split(whole);
      return pieces.map((piece) => ({ ...piece, text: toByteLetters(piece.text) }));
    };
  },
  Digits: (settings, path) => {
    const { individual_digits } = read(z.looseObject({ individual_digits: z.boolean() }), settings, path);
    return at(numeric, individual_digits ? "Isolated" : "Contiguous");
  },
  Metaspace: metaspace,
  Punctuation: (settings, path) => {
    const schema = z.looseObject({ behavior: behaviorSchema.default("Isolated") });
    return at(punctuation, read(schema, settings, path).behavior);
  },
  Sequence: (settings, path, depth) =>
    inTurn(
      partsOf(settings["pretokenizers"], `${path}.pretokenizers`).map((part, index) =>
        createPreTokenizer(part, `${path}.pretokenizers.${index}`, depth + 1),
      ),
    ),
  Split: (settings, path) => {
    const { pattern, behavior, invert } = read(splitSchema, settings, path);
    return at(compilePattern(pattern, `${path}.pattern`), behavior, invert);
  },
  Whitespace: () => {
    const words = new RegExp(`${rustWord()}+|[^${rustWord()}\\p{White_Space}]+`, "gv");
    return at(words, "Removed", true);
  },
  WhitespaceSplit: () => at(whiteSpace, "Removed"),
};

/** SentencePiece's way: a space becomes a visible character, with which a word begins. */
function metaspace(settings: Settings, path: string): Split {
  const found = read(metaspaceSchema, settings, path);
  const { replacement, add_prefix_space: adds, str_rep = replacement } = found;
  const scheme = found.prepend_scheme ?? "always";
  if (adds === false && scheme !== "never") {
    throw refused(path, `add_prefix_space is false and prepend_scheme is "${scheme}"`);
  }
  if (str_rep !== null && str_rep !== replacement) throw refused(path, "str_rep is not the replacement");
  const split =
    found.split === false ? undefined : at(new RegExp(`\\u{${hex(replacement)}}`, "gu"), "MergedWithNext");
  return ({ text, isFirst }) => {
    const spaced = text.replaceAll(" ", () => replacement);
    const prepends = scheme === "always" || (scheme === "first" && isFirst);
    const whole = {
      text: prepends && !spaced.startsWith(replacement) ? replacement + spaced : spaced,
      isFirst,
    };
    return split === undefined ? [whole] : split(whole);
  };
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}

/** Names of the pre-tokenisers that are read. */
export const preTokenizerNames: readonly string[] = Object.keys(makers);

/**
 * The pre-tokeniser of a `tokenizer.json`, which splits every text as Python's `tokenizers` 0.23.3 does.
 *
 * @throws {TaskError} code `invalid-tokenizer` for one that is not among `preTokenizerNames`.
 */
export function createPreTokenizer(value: unknown, path = "pre_tokenizer", depth = 0): Split {
  if (value === null || value === undefined) return (piece) => [piece];
  const settings = typedComponent(value, path, depth);
  const type = settings["type"];
  const make = typeof type === "string" && Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined) throw unsupported(path, type, preTokenizerNames);
  return make(settings, path, depth);
}

/** Whether the component or one of its parts is of a type and fits. */
export function hasComponent(value: unknown, fits: (settings: Settings) => boolean, list: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  const settings = value as Settings;
  const parts = settings[list];
  return fits(settings) || (Array.isArray(parts) && parts.some((part) => hasComponent(part, fits, list)));
}
