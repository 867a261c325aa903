import type { Activations } from "../tensor.js";

/** A text on its way through the model. */
export interface WalkText {
  /** How many rows it has at the head. */
  readonly rows: number;
  /** For each of them the token whose likelihood is asked for, where the reading is one of likelihoods. */
  readonly targets?: Int32Array | undefined;
}

/** Texts of one shape, and their activations at some stage. */
export interface WalkBatch {
  readonly texts: readonly WalkText[];
  /** The texts in order, each with `paddedRows` rows where the head is reached; padding may follow. */
  readonly activations: Activations;
  /** Rows of the activations that one text has at the head. */
  readonly paddedRows: number;
  /** What running it costs beside others, in tokens. */
  readonly cost: number;
}
