/** A row of a delimited file: its fields, and the line it begins at. */
export interface Row {
  readonly line: number;
  readonly values: readonly string[];
}

/** What `"` means in a file: quoting as RFC 4180 has it, or text like any other character. */
export type Quotes = "csv" | "none";

/** What stands between the fields of a row. */
export type Delimiter = "," | "\t";

/** Most columns of a file. */
export const mostColumns = 10_000;
