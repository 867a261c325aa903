import { DpzoError } from "../errors.js";

/** Why a direction, a perturbation or an update was refused. */
export type DirectionErrorCode =
  | "counter-exhausted"
  | "invalid-direction"
  | "invalid-distribution"
  | "invalid-index"
  | "invalid-number"
  | "invalid-run-seed"
  | "invalid-scale"
  | "invalid-step"
  | "invalid-tensor-name"
  | "length-mismatch"
  | "missing-anchor";

/** An error of the direction engine; nothing was written when it is thrown. */
export class DirectionError extends DpzoError<DirectionErrorCode> {}
