import { createBpe } from "./bpe.js";
import { refused, typedComponent, unsupported } from "./read.js";
import { createUnigram } from "./unigram.js";
import { createWordLevel } from "./word-level.js";
import { createWordPiece } from "./word-piece.js";

/** Cuts one piece of text into tokens of its vocabulary. */
export interface TokenModel {
  /** Ids by token, without added tokens. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** The token for what is not in the vocabulary. */
  readonly unknown: string | undefined;
  /** With what a token begins that continues a word (WordPiece). */
  readonly continuing: string | undefined;
  encode(piece: string): readonly number[];
}

/** A model's settings as they stand in the file. */
export type ModelSettings = Readonly<Record<string, unknown>>;

const makers: Readonly<Record<string, (settings: ModelSettings) => TokenModel>> = {
  BPE: createBpe,
  Unigram: createUnigram,
  WordLevel: createWordLevel,
  WordPiece: createWordPiece,
};

/**
 * The model of a `tokenizer.json`, which gives every piece the ids that Python's `tokenizers` 0.23.3 gives it.
 *
 * @throws {TaskError} code `invalid-tokenizer`.
 */
export function createModel(value: unknown): TokenModel {
  if (value === null || value === undefined) throw refused("model", "there is no model");
  const settings = typedComponent(value, "model", 0);
  const type = settings["type"] ?? untypedModel(settings);
  const make = typeof type === "string" && Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined) throw unsupported("model", type, Object.keys(makers));
  return make(settings);
}

/** The first releases wrote no type. */
function untypedModel(settings: ModelSettings): string | undefined {
  if (Array.isArray(settings["vocab"])) return "Unigram";
  if (settings["merges"] !== undefined) return "BPE";
  if (settings["vocab"] === undefined) return undefined;
  return settings["continuing_subword_prefix"] === undefined ? "WordLevel" : "WordPiece";
}
