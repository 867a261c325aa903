import type { RandomAccessFile } from "../files.js";
import type { ColumnRequest, DataRecord } from "./columns.js";
import { type DelimitedOptions, readDelimited } from "./delimited.js";
import { DataError } from "./errors.js";
import type { DataFormat } from "./format.js";
import { readJsonLines } from "./jsonl.js";
import { refusePacked } from "./packed.js";

/** How a data file is read; `quotes` is not looked at in JSONL. */
export type ReadOptions = DelimitedOptions;

/**
 * Reads the records of a data file one by one; memory stays at one piece of the file.
 *
 * Guarantees:
 * - Every row is a record or an error: none is dropped, because that would change who the guarantee is for. Lines of
 *   nothing but white space are no rows.
 * - A quote never joins rows, and never parts one, where the file could be read both ways: such a file is refused.
 * - An error names the file, the line and the reason, and nothing that the row says.
 *
 * @param columns - the columns wanted; others are ignored.
 * @throws {DataError} see `DataErrorCode`; a file without a record is `empty-file`.
 * @example
 * const file = memoryFile("train.csv", new TextEncoder().encode("text,label\nA warm film,1\n"));
 * const columns = [{ name: "text", kind: "text" }, { name: "label", kind: "label" }] as const;
 * for await (const { line, fields } of readRecords(file, "csv", columns)) { ... }
 */
export async function* readRecords(
  file: RandomAccessFile,
  format: DataFormat,
  columns: readonly ColumnRequest[],
  options: ReadOptions = {},
): AsyncGenerator<DataRecord> {
  await refusePacked(file);
  let isEmpty = true;
  for await (const record of open(file, format, columns, options)) {
    isEmpty = false;
    yield record;
  }
  if (!isEmpty) return;
  throw new DataError("empty-file", {
    message: `${file.name} has no records.`,
    expected: format === "jsonl" ? "one JSON object a line" : "a header line and at least one row",
  });
}

function open(
  file: RandomAccessFile,
  format: DataFormat,
  columns: readonly ColumnRequest[],
  options: ReadOptions,
): AsyncGenerator<DataRecord> {
  switch (format) {
    case "jsonl":
      return readJsonLines(file, columns, options);
    case "csv":
      return readDelimited(file, ",", columns, options);
    case "tsv":
      return readDelimited(file, "\t", columns, options);
  }
}
