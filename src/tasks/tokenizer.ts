import { checkSettings } from "./tokenizer-settings.js";
import { checkAddedIds } from "./tokenizer/added-ids.js";
import { createDecoder } from "./tokenizer/decoders.js";
import { createModel, type TokenModel } from "./tokenizer/model.js";
import { createNormalizer } from "./tokenizer/normalizers.js";
import { createPipeline, type PipelineParts } from "./tokenizer/pipeline.js";
import { frameOf } from "./tokenizer/post-processor.js";
import { createPreTokenizer, hasComponent } from "./tokenizer/pre-tokenizers.js";
import { refused } from "./tokenizer/read.js";
import { resolveSpecialTokens, specialRoles, type SpecialTokens } from "./special-tokens.js";
import {
  type AddedToken,
  contentOf,
  parseTokenizerDefinition,
  parseTokenizerSettings,
  type TokenizerDefinition,
  type TokenizerSettings,
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
 * - `encode` gives the ids of Hugging Face's `tokenizers` 0.23.3 (Rust, Python), or the file is refused here. What is read and what is
 *   refused stands in `docs/tokenizers.md`.
 * - `encodePlain` never gives a special token other than the unknown one.
 * - Once opened it does not fail, whatever the text.
 *
 * @throws {TaskError} code `invalid-tokenizer`.
 * @example
 * const tokenizer = createTokenizer({ tokenizer: JSON.parse(tokenizerJson), config: JSON.parse(configJson) });
 * tokenizer.encodePlain("it was great"); // [2009, 2001, 2307]; with BERT's vocabulary
 */
export function createTokenizer(files: TokenizerFiles): TextTokenizer {
  const definition = parseTokenizerDefinition(files.tokenizer);
  const settings = {
    ...parseTokenizerSettings(files.specialTokensMap ?? {}),
    ...parseTokenizerSettings(files.config ?? {}),
  };
  const parts = partsOf(definition);
  const { vocabulary: own, unknown } = parts.model;
  checkAddedIds(definition.added_tokens, own);
  checkSettings(definition, settings, frameOf(definition.post_processor));
  const ids = new Map([...own, ...definition.added_tokens.map(({ content, id }) => [content, id] as const)]);
  const special = resolveSpecialTokens(definition, settings, (content) => ids.get(content), unknown);
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  const decode = createDecoder(definition.decoder);
  return {
    special,
    shape: shapeOf(definition, parts.model),
    vocabulary: ids,
    ...encoders(parts, definition.added_tokens, special, settings),
    decode: (list) =>
      decode(list.flatMap((id) => tokens.get(id) ?? []).filter((token) => !special.byContent.has(token))),
    tokenOf: (id) => tokens.get(id),
  };
}

function partsOf(definition: TokenizerDefinition): PipelineParts {
  const { normalizer, pre_tokenizer } = definition;
  const needsPlace = hasComponent(
    pre_tokenizer,
    (part) => part["prepend_scheme"] === "first",
    "pretokenizers",
  );
  if (needsPlace && normalizer !== null && normalizer !== undefined) {
    // What is the first piece depends on what the normaliser took away; no public tokenizer has both.
    throw refused("pre_tokenizer", 'prepend_scheme "first" stands beside a normalizer');
  }
  return {
    normalise: createNormalizer(normalizer),
    split: createPreTokenizer(pre_tokenizer),
    model: createModel(definition.model),
  };
}

function encoders(
  parts: PipelineParts,
  added: readonly AddedToken[],
  special: SpecialTokens,
  settings: TokenizerSettings,
): Pick<TextTokenizer, "encode" | "encodePlain"> {
  const isAdded = new Set(added.map(({ content }) => content));
  // transformers adds a special token that only the configuration names.
  const named = specialRoles.flatMap(
    (role) => special.byContent.get(contentOf(settings[`${role}_token`]) ?? "") ?? [],
  );
  const more = new Set(named.filter(({ content }) => !isAdded.has(content)));
  const whole = createPipeline(parts, [...added, ...more]);
  const plain = createPipeline(
    parts,
    added.filter(({ content }) => !special.byContent.has(content)),
  );
  const forbidden = forbiddenIds(special);
  return {
    encode: (text) => whole(text.replace(loneSurrogate, "\uFFFD")),
    encodePlain: (text) => {
      const ids = plain(text.replace(loneSurrogate, "\uFFFD"));
      return ids.some((id) => forbidden.has(id)) ? neutralised(ids, forbidden, special.unknown) : ids;
    },
  };
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

function shapeOf({ pre_tokenizer }: TokenizerDefinition, { continuing }: TokenModel): WordShape {
  const has = (type: string): boolean =>
    hasComponent(pre_tokenizer, (part) => part["type"] === type, "pretokenizers");
  return { continuing, space: has("ByteLevel") ? "Ġ" : has("Metaspace") ? "▁" : undefined };
}
