import { DpzoError } from "../errors.js";

/** Why a prompt, a label word, a label or a tokenizer was refused. */
export type TaskErrorCode =
  | "invalid-label"
  | "contradictory-task"
  | "invalid-label-words"
  | "invalid-options"
  | "invalid-maximum-tokens"
  | "invalid-tokenizer"
  | "label-word-not-one-token"
  | "label-word-repeated"
  | "missing-answers"
  | "missing-pair"
  | "missing-special-token"
  | "missing-text"
  | "needs-decoder"
  | "no-predictions"
  | "prompt-too-long"
  | "template-mask-not-last"
  | "template-no-mask"
  | "template-no-text"
  | "template-repeated-slot"
  | "template-special-token"
  | "template-stray-brace"
  | "template-two-masks"
  | "template-unknown-change"
  | "template-unknown-slot"
  | "unknown-label"
  | "unknown-slot-text"
  | "unknown-task";

/** An error about the task's public description; it never holds the text or the label of a record. */
export class TaskError extends DpzoError<TaskErrorCode> {}
