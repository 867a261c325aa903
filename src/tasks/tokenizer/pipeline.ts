import type { AddedToken } from "../tokenizer-files.js";
import { addedTokenFinder } from "./added-tokens.js";
import type { TokenModel } from "./token-model.js";
import type { Normalise } from "./normalizers.js";
import type { Split } from "./pre-tokenizers.js";
import { refused, shown } from "./read.js";

/** What a tokenizer does to a text, in this order. */
export interface PipelineParts {
  readonly normalise: Normalise;
  readonly split: Split;
  readonly model: TokenModel;
}

/**
 * Text to ids: added tokens that are not normalised, the normaliser, added tokens that are, the pre-tokeniser, the model.
 *
 * @param tokens the added tokens that the text may hold; what stands for others is text
 * @throws {TaskError} code `invalid-tokenizer` for an added token of which the normaliser leaves nothing
 */
export function createPipeline(
  { normalise, split, model }: PipelineParts,
  tokens: readonly AddedToken[],
): (text: string) => number[] {
  // Of two tokens that are written alike after the normaliser the reference takes the special one, then the earlier.
  const ordered = [...tokens.filter(({ special }) => special), ...tokens.filter(({ special }) => !special)];
  const plain = ordered.filter(({ normalized }) => !normalized);
  const changed = ordered.filter(({ normalized }) => normalized);
  const findPlain = addedTokenFinder(plain.map((token) => ({ text: token.content, token })));
  const findChanged = addedTokenFinder(
    changed.map((token) => ({ text: nonEmpty(normalise(token.content), token), token })),
  );
  const encodePlain = (text: string, isFirst: boolean): readonly number[] =>
    text === ""
      ? []
      : split({ text, isFirst }).flatMap((piece) => (piece.text === "" ? [] : model.encode(piece.text)));
  const encodeChanged = (text: string, isFirst: boolean): readonly number[] =>
    findChanged(text).flatMap(({ start, end, token }) =>
      token === undefined ? encodePlain(text.slice(start, end), isFirst && start === 0) : [token.id],
    );
  return (text) =>
    findPlain(text).flatMap(({ start, end, token }) =>
      token === undefined ? encodeChanged(normalise(text.slice(start, end)), start === 0) : [token.id],
    );
}

function nonEmpty(text: string, { content }: AddedToken): string {
  if (text !== "") return text;
  throw refused("added_tokens", `the normalizer leaves nothing of the token ${shown(content)}`);
}
