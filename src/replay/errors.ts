import { DpzoError } from "../errors.js";

/** Closed list of what can stop a replay. */
export type ReplayErrorCode = "unknown-stage" | "unknown-tensor" | "base-mismatch";

/** Thrown when a ledger does not fit the checkpoint it is replayed on. */
export class ReplayError extends DpzoError<ReplayErrorCode> {}
