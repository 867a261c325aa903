import { createBpe } from "./bpe.js";
import { refused, typedComponent, unsupported } from "./read.js";
import type { ModelSettings, TokenModel } from "./token-model.js";
import { createUnigram } from "./unigram.js";
import { createWordLevel } from "./word-level.js";
import { createWordPiece } from "./word-piece.js";

export type { ModelSettings, TokenModel } from "./token-model.js";

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
