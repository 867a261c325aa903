import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a data file. */
export type DataErrorCode =
  | "unknown-format"
  | "empty-file"
  | "invalid-utf8"
  | "row-too-long"
  | "not-json"
  | "not-an-object"
  | "missing-column"
  | "duplicate-column"
  | "not-text"
  | "bad-label"
  | "empty-label"
  | "bad-unit"
  | "empty-unit"
  | "ragged-row"
  | "stray-quote"
  | "unterminated-quote";

/**
 * Thrown when a data file cannot be read as records.
 *
 * Guarantees: the message holds the file, the line and the reason, and never anything the row says; `value`
 * is the line number, where there is one.
 */
export class DataError extends DpzoError<DataErrorCode> {}
