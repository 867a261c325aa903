import * as z from "zod";
import { fromByteLetters } from "./byte-level.js";
import { compilePattern, patternSchema } from "./pattern.js";
import { partsOf, read, typedComponent, unsupported } from "./read.js";

/** Changes tokens into pieces of text, or joins them. */
type Decode = (tokens: readonly string[]) => readonly string[];
type Settings = Readonly<Record<string, unknown>>;
type Maker = (settings: Settings, at: string, depth: number) => Decode;

const wordPieceSchema = z.looseObject({ prefix: z.string(), cleanup: z.boolean() });
const stripSchema = z.looseObject({
  content: z.string().refine((text) => Array.from(text).length === 1, "it is not one character"),
  start: z.int().nonnegative(),
  stop: z.int().nonnegative(),
});
const metaspaceSchema = z.looseObject({
  replacement: z.string().min(1),
  prepend_scheme: z.string().default("always"),
});
const replaceSchema = z.looseObject({ pattern: patternSchema, content: z.string() });

const makers: Readonly<Record<string, Maker>> = {
  BPEDecoder: (settings, at) => {
    const { suffix } = read(z.looseObject({ suffix: z.string().min(1) }), settings, at);
    return (tokens) =>
      tokens.map((token, index) => token.replaceAll(suffix, index === tokens.length - 1 ? "" : " "));
  },
  ByteFallback: () => withBytesJoined,
  ByteLevel: () => (tokens) => {
    const bytes = tokens.flatMap((token) => fromByteLetters(token));
    return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
  },
  Fuse: () => (tokens) => [tokens.join("")],
  Metaspace: (settings, at) => {
    const { replacement, prepend_scheme: scheme } = read(metaspaceSchema, settings, at);
    return (tokens) =>
      tokens.map((token, index) =>
        token.replaceAll(replacement, index === 0 && scheme !== "never" ? "" : " "),
      );
  },
  Replace: (settings, at) => {
    const { pattern, content } = read(replaceSchema, settings, at);
    const compiled = compilePattern(pattern, `${at}.pattern`);
    return (tokens) => tokens.map((token) => token.replace(compiled, () => content));
  },
  Sequence: (settings, at, depth) => {
    const parts = partsOf(settings["decoders"], `${at}.decoders`).map((part, index) =>
      chainOf(part, `${at}.decoders.${index}`, depth + 1),
    );
    return (tokens) => parts.reduce((current, part) => part(current), tokens);
  },
  Strip: (settings, at) => {
    const { content, start, stop } = read(stripSchema, settings, at);
    return (tokens) => tokens.map((token) => withoutEnds(Array.from(token), content, start, stop));
  },
  WordPiece: (settings, at) => {
    const { prefix, cleanup } = read(wordPieceSchema, settings, at);
    return (tokens) =>
      tokens.map((token, index) => {
        const joined =
          index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return cleanup ? cleanedUp(joined) : joined;
      });
  },
};

/**
 * The decoder of a `tokenizer.json`: tokens to text as Python's `tokenizers` 0.23.3 does; without one spaces stand between them.
 *
 * @throws {TaskError} code `invalid-tokenizer`.
 */
export function createDecoder(value: unknown): (tokens: readonly string[]) => string {
  if (value === null || value === undefined) return (tokens) => tokens.join(" ");
  const chain = chainOf(value, "decoder", 0);
  return (tokens) => (tokens.length === 0 ? "" : chain(tokens).join(""));
}

function chainOf(value: unknown, at: string, depth: number): Decode {
  const settings = typedComponent(value, at, depth);
  const type = settings["type"];
  const make = typeof type === "string" && Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined) throw unsupported(at, type, Object.keys(makers));
  return make(settings, at, depth);
}

/** Tokens such as `<0xE2>` side by side become the text of their bytes, or a replacement character for each. */
function withBytesJoined(tokens: readonly string[]): readonly string[] {
  const texts: string[] = [];
  let waiting: number[] = [];
  const flush = (): void => {
    if (waiting.length > 0) texts.push(textOf(waiting));
    waiting = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9a-fA-F]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) waiting.push(Number.parseInt(byte, 16));
    else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function textOf(bytes: readonly number[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return "\uFFFD".repeat(bytes.length);
  }
}

function withoutEnds(characters: readonly string[], content: string, start: number, stop: number): string {
  let first = 0;
  while (first < start && first < characters.length && characters[first] === content) first += 1;
  let end = characters.length;
  while (characters.length - end < stop && end > first && characters[end - 1] === content) end -= 1;
  return characters.slice(first, end).join("");
}

/** What BERT's tokenizer undoes in English texts. */
function cleanedUp(text: string): string {
  return text
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" do not", " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
