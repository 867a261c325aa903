import { CheckpointError } from "../checkpoint/index.js";
import type { ModelDescription } from "../model/description.js";
import type { TextTokenizer } from "../tasks/index.js";

/** What of a model bounds the token ids that it takes. */
export type TokenBounds = Pick<ModelDescription, "kind" | "vocabularySize" | "padTokenId">;

/**
 * Refuses a tokenizer that can give an id for which the model has no embedding, so that no record can stop a run.
 *
 * More embeddings than tokens are fine (tables are padded). Of the tokens beyond the table those are let through that
 * come out of no text and stand in no prompt: special tokens, which a text never becomes, unless they frame a prompt.
 *
 * @throws {CheckpointError} `tokens-beyond-embeddings`, with a token of the tokenizer, never one of a text
 */
export function refuseForeignTokens(
  tokenizer: Pick<TextTokenizer, "special" | "vocabulary">,
  model: TokenBounds,
): void {
  const { special, vocabulary } = tokenizer;
  const { vocabularySize, padTokenId } = model;
  const isBeyond = (id: number | undefined): boolean => id !== undefined && id >= vocabularySize;
  if (isBeyond(padTokenId)) throw beyond("pad_token_id of config.json", padTokenId, vocabularySize);
  const framing = framingIds(special, model.kind);
  for (const [content, id] of vocabulary) {
    if (isBeyond(id) && (framing.has(id) || !special.byContent.has(content))) {
      throw beyond(`The token ${JSON.stringify(content.slice(0, 100))}`, id, vocabularySize);
    }
  }
  const unnamed = [...framing].find(isBeyond);
  if (unnamed !== undefined)
    throw beyond("A token that the tokenizer puts around texts", unnamed, vocabularySize);
}

/** Ids that stand in prompts whatever the text is, and what an unreadable piece of text becomes. */
function framingIds(special: TextTokenizer["special"], kind: TokenBounds["kind"]): ReadonlySet<number> {
  const around =
    kind === "masked-lm"
      ? [...special.prefix, ...special.suffix, special.mask?.id]
      : [...special.begin, special.end];
  return new Set([...around, special.unknown].filter((id) => id !== undefined));
}

function beyond(what: string, id: number, vocabularySize: number): CheckpointError {
  return new CheckpointError("tokens-beyond-embeddings", {
    message: `${what} has id ${id}, and the model has embeddings for ${vocabularySize} tokens.`,
    value: id,
    expected: `ids from 0 to ${vocabularySize - 1}`,
    next: "Use the tokenizer that belongs to the weights, or resize the embeddings (resize_token_embeddings) and save both.",
  });
}
