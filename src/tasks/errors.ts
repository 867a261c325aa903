import { DpzoError } from "../errors.js";

/** Why a prompt, a label word, a label or a tokenizer was refused. */
export type TaskErrorCode =
  | "invalid-label"
  | "invalid-label-words"
  | "invalid-maximum-tokens"
  | "invalid-tokenizer"
  | "label-word-not-one-token"
  | "label-word-repeated"
  | "missing-pair"
  | "missing-special-token"
  | "no-predictions"
  | "prompt-too-long"
  | "template-no-mask"
  | "template-no-text"
  | "template-repeated-slot"
  | "template-special-token"
  | "template-stray-brace"
  | "template-two-masks"
  | "template-unknown-slot"
  | "unknown-label"
  | "unknown-task";

/** An error about the task's public description; it never holds the text or the label of a record. */
export class TaskError extends DpzoError<TaskErrorCode> {}
