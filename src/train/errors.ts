import { DpzoError } from "../errors.js";

/** Closed list of what can stop a training run. */
export type TrainErrorCode =
  | "unit-missing"
  | "mask-not-measured"
  | "step-outside-plan"
  | "private-side-failed"
  | "diverged"
  | "evaluation-is-training"
  | "tokenizer-missing"
  | "tokenizer-invalid"
  | "written-model-differs";

/** Thrown by a training run; never carries a private value. */
export class TrainError extends DpzoError<TrainErrorCode> {}
