import type { EncodedPrompt } from "./prompt-encoder.js";

/** One text that the model reads for a record. */
export interface ExampleText {
  readonly prompt: EncodedPrompt;
  /** For each position that is read, the token whose likelihood is asked for; absent where label words are read. */
  readonly targets?: Int32Array;
}

/** One record, tokenised: the texts to read, and what the record says is right. */
export interface Example {
  /** One, or one an option. */
  readonly texts: readonly ExampleText[];
  /** Index of the true label, or of the true option; 0 where the record has answers instead. */
  readonly label: number;
  /** The texts that count as right, for a task that is answered in words. */
  readonly answers?: readonly string[];
}

/** Logits of one text: a row for each position that is read. */
export interface TextLogits {
  readonly data: Float32Array;
  /** [rows, words or vocabulary] */
  readonly dims: readonly number[];
}

/** What a text's logits come to: few numbers, so that nothing wider is kept. */
export type Reading = ArrayLike<number>;

/**
 * How a reading follows from a text's logits: the logits themselves, or the mean log-likelihood of the text's targets,
 * which are one token a row. A name and not a function, so that a worker can be told.
 */
export type ReadingKind = "logits" | "mean-log-likelihood";

/** What the model's last stage has to give for a task. */
export type TaskObjective =
  { readonly kind: "label-words"; readonly wordIds: readonly number[] } | { readonly kind: "token-logits" };

/** How a task judges what a model gives for the texts of a record. */
export interface Judgement {
  readonly objective: TaskObjective;
  /** Of one text's logits, what losses and choices are made of. */
  readonly reading: ReadingKind;
  /** The loss of a record, from the readings of its texts in their order; a function of this record alone. */
  readonly loss: (example: Example, readings: readonly Reading[]) => number;
  /** The index of the label or option that the model prefers. */
  readonly choice: (readings: readonly Reading[]) => number;
}
