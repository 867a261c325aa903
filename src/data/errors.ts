import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a data file. */
export type DataErrorCode =
  | "unknown-format"
  | "packed-file"
  | "empty-file"
  | "invalid-utf8"
  | "nul-byte"
  | "row-too-long"
  | "too-many-columns"
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
  | "unterminated-quote"
  | "ambiguous-quotes";

/**
 * Thrown when a data file cannot be read as records.
 *
 * Guarantees: the message holds the file, the line, the columns that were asked for and the reason, and never anything
 * that the file says, the names in its first row and its keys included; `value` is the line number, where there is one.
 */
export class DataError extends DpzoError<DataErrorCode> {}
