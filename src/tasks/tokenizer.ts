import { normalizeBertText, type BertNormalizerSettings } from "./bert-normalizer.js";
import { LibraryTokenizer } from "./library.js";
import { definitionForLibrary } from "./library-workarounds.js";
import { resolveSpecialTokens, type SpecialTokens } from "./special-tokens.js";
import {
  parseTokenizerDefinition,
  parseTokenizerSettings,
  type TokenizerComponent,
  type TokenizerDefinition,
} from "./tokenizer-files.js";

/** The parsed files of a checkpoint folder that say how text becomes tokens. */
export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: unknown;
  /** `tokenizer_config.json` */
  readonly config?: unknown;
  /** `special_tokens_map.json`, for older folders. */
  readonly specialTokensMap?: unknown;
}

/** Half a character: UTF-8 cannot hold it, and so no other tokenizer has seen one. */
const loneSurrogate = /[\uD800-\uDFFF]/gu;

/** How a token says that it continues a word, or that a space stands before it. */
export interface WordShape {
  /** `##` of WordPiece. */
  readonly continuing: string | undefined;
  /** `Ġ` of byte-level BPE, `▁` of SentencePiece; undefined where spaces leave no trace (BERT). */
  readonly space: "Ġ" | "▁" | undefined;
}

/** Text to token ids and back, with special tokens apart. */
export interface TextTokenizer {
  readonly special: SpecialTokens;
  readonly shape: WordShape;
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Ids as the reference gives them without adding special tokens: `[MASK]` in the text is the mask token. */
  encode(text: string): number[];
  /** Ids of the text as nothing but text: no special token can come out, whatever it says. */
  encodePlain(text: string): number[];
  /** The text of ids, without special tokens. */
  decode(ids: readonly number[]): string;
  /** The token of an id, as it stands in the vocabulary. */
  tokenOf(id: number): string | undefined;
}

/**
 * Opens a tokenizer from its parsed files.
 *
 * Guarantees:
 * - `encode` equals Hugging Face's `tokenizers` (Rust, Python) on the golden rows of BERT WordPiece and byte-level BPE.
 * - `encodePlain` never gives a special token other than the unknown one.
 *
 * @throws {TaskError} code `invalid-tokenizer`.
 * @example
 * const tokenizer = createTokenizer({ tokenizer: JSON.parse(tokenizerJson), config: JSON.parse(configJson) });
 * tokenizer.encodePlain("it was great"); // [2009, 2001, 2307] with BERT's vocabulary
 */
export function createTokenizer(files: TokenizerFiles): TextTokenizer {
  const definition = parseTokenizerDefinition(files.tokenizer);
  const config = {
    ...parseTokenizerSettings(files.specialTokensMap ?? {}),
    ...parseTokenizerSettings(files.config ?? {}),
  };
  const ids = vocabularyOf(definition);
  const special = resolveSpecialTokens(definition, config, (content) => ids.get(content));
  const contents = new Set(special.byContent.keys());
  const library = new LibraryTokenizer(definitionForLibrary(definition, contents), config);
  const prepare = preparation(definition.normalizer);
  const forbidden = forbiddenIds(special);
  const encodePlain = (text: string): number[] => {
    const plain = library.encode(prepare(text.replace(loneSurrogate, "\uFFFD")), {
      add_special_tokens: false,
    }).ids;
    return plain.some((id) => forbidden.has(id)) ? neutralised(plain, forbidden, special.unknown) : plain;
  };
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  return {
    special,
    shape: shapeOf(definition),
    vocabulary: ids,
    encodePlain,
    encode: (text) => encodeWithSpecial(text, special, encodePlain),
    decode: (list) => {
      const plain = list.filter((id) => tokens.has(id) && !contents.has(tokens.get(id) ?? ""));
      const options = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
      return plain.length === 0 ? "" : library.decode(plain, options);
    },
    tokenOf: (id) => tokens.get(id),
  };
}

/** The vocabulary of the model (an object, or Unigram's list of pairs) with the added tokens on top. */
function vocabularyOf(definition: TokenizerDefinition): ReadonlyMap<string, number> {
  const vocabulary = definition.model["vocab"];
  const ids = Array.isArray(vocabulary)
    ? new Map((vocabulary as readonly [string, number][]).map(([token], id) => [token, id]))
    : new Map(Object.entries((vocabulary ?? {}) as Record<string, number>));
  for (const { content, id } of definition.added_tokens) ids.set(content, id);
  return ids;
}

function preparation(normalizer: TokenizerComponent | null | undefined): (text: string) => string {
  if (normalizer?.type !== "BertNormalizer") return (text) => text;
  const flag = (name: string): boolean => normalizer[name] !== false;
  const accents = normalizer["strip_accents"];
  const settings: BertNormalizerSettings = {
    cleanText: flag("clean_text"),
    handleChineseCharacters: flag("handle_chinese_chars"),
    stripAccents: typeof accents === "boolean" ? accents : undefined,
    lowercase: flag("lowercase"),
  };
  return (text) => normalizeBertText(text, settings);
}

/** Special ids a text must not become; the unknown token is what unreadable text is, so it stays. */
function forbiddenIds(special: SpecialTokens): ReadonlySet<number> {
  const framing = [...special.prefix, ...special.suffix, special.pad, special.mask?.id];
  const ids = new Set([...special.byContent.values()].map(({ id }) => id));
  if (special.unknown !== undefined && !framing.includes(special.unknown)) ids.delete(special.unknown);
  return ids;
}

/** Reached only where the pre-tokeniser leaves a token such as `[MASK]` whole and it is in the vocabulary. */
function neutralised(ids: number[], forbidden: ReadonlySet<number>, unknown: number | undefined): number[] {
  if (unknown === undefined || forbidden.has(unknown)) return ids.filter((id) => !forbidden.has(id));
  return ids.map((id) => (forbidden.has(id) ? unknown : id));
}

function encodeWithSpecial(
  text: string,
  special: SpecialTokens,
  encodePlain: (text: string) => number[],
): number[] {
  const ids: number[] = [];
  let rest = text;
  for (let next = firstSpecial(rest, special); next !== undefined; next = firstSpecial(rest, special)) {
    const token = special.byContent.get(next.content);
    const before = rest.slice(0, next.index);
    ids.push(
      ...encodePlain(token?.lstrip === true ? before.trimEnd() : before),
      ...(token ? [token.id] : []),
    );
    rest = rest.slice(next.index + next.content.length);
    if (token?.rstrip === true) rest = rest.trimStart();
  }
  return [...ids, ...encodePlain(rest)];
}

/** The leftmost special token in the text; the longest where several begin there. */
function firstSpecial(text: string, special: SpecialTokens): { index: number; content: string } | undefined {
  let found: { index: number; content: string } | undefined;
  for (const content of special.byContent.keys()) {
    const index = text.indexOf(content);
    if (index < 0) continue;
    const earlier = found === undefined || index < found.index;
    const longer = found?.index === index && content.length > found.content.length;
    if (earlier || longer) found = { index, content };
  }
  return found;
}

function shapeOf(definition: TokenizerDefinition): WordShape {
  const text = JSON.stringify(definition.pre_tokenizer ?? null);
  const space = text.includes('"ByteLevel"') ? "Ġ" : text.includes('"Metaspace"') ? "▁" : undefined;
  const isWordPiece = definition.model.type === "WordPiece";
  return {
    continuing: isWordPiece ? (definition.model.continuing_subword_prefix ?? "##") : undefined,
    space,
  };
}
