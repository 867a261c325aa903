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
