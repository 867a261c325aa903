import { DpzoError, type ErrorDetails } from "../errors.js";

/** Every way a ledger can be bad, and every way of writing one that was refused. */
export type LedgerErrorCode =
  | "bad-entry"
  | "bad-hash"
  | "bad-header"
  | "bad-plan"
  | "bad-schedule"
  | "bad-values"
  | "empty"
  | "ledger-behind"
  | "ledger-forked"
  | "ledger-gone"
  | "ledger-replaced"
  | "line-too-long"
  | "mark-damaged"
  | "no-hash"
  | "not-canonical"
  | "not-json"
  | "not-utf8"
  | "other-plan"
  | "stage-order"
  | "step-missing"
  | "step-order"
  | "step-repeated"
  | "too-large"
  | "too-many-steps"
  | "torn-header"
  | "torn-tail"
  | "unknown-format"
  | "write-failed"
  | "write-order"
  | "wrong-directions";

/** Where in a ledger something is. */
export interface LedgerPlace {
  /** Line number, from 1 (the header). */
  readonly line: number;
  /** Byte offset from the start of the file, from 0. */
  readonly offset: number;
}

/** An error of a ledger; everything in a ledger is public, so it may quote it. */
export class LedgerError extends DpzoError<LedgerErrorCode> {
  /** Line number from 1, when the error is about bytes that were read. */
  readonly line: number | undefined;
  /** Byte offset from the start of the file, when the error is about bytes that were read. */
  readonly offset: number | undefined;

  constructor(code: LedgerErrorCode, details: ErrorDetails, place?: LedgerPlace) {
    const where = place === undefined ? "" : `Ledger line ${place.line}, byte ${place.offset}: `;
    super(code, { ...details, message: where + details.message });
    this.line = place?.line;
    this.offset = place?.offset;
  }
}
