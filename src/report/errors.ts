import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with what a report is made of. */
export type ReportErrorCode = "entry-outside-plan";

/** Thrown when ledger entries and plan do not belong together; verify the ledger first. */
export class ReportError extends DpzoError<ReportErrorCode> {}
