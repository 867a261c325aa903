import { DpzoError } from "../errors.js";

/** Closed list of what can go wrong between dpzo and the inference runtime. */
export type RuntimeErrorCode =
  | "weight-not-an-input"
  | "self-test-failed"
  | "runtime-failed"
  | "worker-failed"
  | "invalid-threads"
  | "missing-feed"
  | "golden-file";

/** Thrown when the runtime does not do what the executor relies on. */
export class RuntimeError extends DpzoError<RuntimeErrorCode> {}
