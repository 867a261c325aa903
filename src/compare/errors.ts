import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a comparison. */
export type CompareErrorCode =
  "unknown-method" | "bad-settings" | "budget-too-small" | "not-comparable" | "stopped";

/** Thrown by `src/compare`; nothing of a finished run is lost with it. */
export class CompareError extends DpzoError<CompareErrorCode> {}
