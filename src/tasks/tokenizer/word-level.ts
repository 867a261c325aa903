import * as z from "zod";
import type { ModelSettings, TokenModel } from "./token-model.js";
import { read } from "./read.js";
import { readVocabulary, requiredId } from "./vocabulary.js";

/** Each piece is one token, or unknown. @throws {TaskError} code `invalid-tokenizer` */
export function createWordLevel(settings: ModelSettings): TokenModel {
  const { unk_token: unknown } = read(z.looseObject({ unk_token: z.string() }), settings, "model");
  const vocabulary = readVocabulary(settings["vocab"], "model.vocab");
  const unknownId = requiredId(vocabulary, unknown, "model.unk_token");
  return {
    vocabulary,
    unknown,
    continuing: undefined,
    encode: (piece) => [vocabulary.get(piece) ?? unknownId],
  };
}
