import { Tokenizer } from "@huggingface/tokenizers";
import type { TokenizerDefinition, TokenizerSettings } from "./tokenizer-files.js";

/** The part of `@huggingface/tokenizers` that dpzo uses. */
export interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}

type LibraryConstructor = new (
  definition: TokenizerDefinition,
  settings: TokenizerSettings,
) => LibraryTokenizer;

/** The library's declarations import without file endings, which NodeNext cannot resolve; its shape is given here. */
export const LibraryTokenizer = Tokenizer as unknown as LibraryConstructor;
