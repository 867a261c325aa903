import type { RandomAccessFile } from "../files.js";
import { foundName, missingColumn, pickFields } from "./columns.js";
import type { ColumnRequest, DataRecord } from "./columns.js";
import { DataError } from "./errors.js";
import type { LineOptions } from "./lines.js";
import { readPlainRows } from "./plain-rows.js";
import { readQuotedRows } from "./quoted-rows.js";
import type { Delimiter, Quotes, Row } from "./row.js";
import { ambiguousQuotes, PlainReading, QuotedReading } from "./two-readings.js";

/** How a delimited file is read. */
export interface DelimitedOptions extends LineOptions {
  /** What a quote means; `csv` for commas and `none` for tabs unless told. */
  readonly quotes?: Quotes | undefined;
}

/**
 * Reads rows under a header line. Lines of nothing but white space are skipped, as pandas skips them; a single empty
 * field is written `""`.
 *
 * With commas, fields are quoted as RFC 4180 says; with tabs, quotes are text, as GLUE and others write their files. A
 * file that both readings take, and take for different rows, is refused unless `quotes` says which is meant.
 */
export async function* readDelimited(
  file: RandomAccessFile,
  delimiter: Delimiter,
  columns: readonly ColumnRequest[],
  options: DelimitedOptions = {},
): AsyncGenerator<DataRecord> {
  let header: Header | undefined;
  for await (const row of readRows(file, delimiter, options)) {
    if (header === undefined) {
      header = readHeader(row, columns, file.name);
      continue;
    }
    const { names, indexOf } = header;
    if (row.values.length !== names.length) throw ragged(row, names.length, file.name, delimiter);
    yield pickFields(
      columns,
      (name) => row.values[indexOf.get(name) ?? -1],
      () => names,
      file.name,
      row.line,
    );
  }
}

function readRows(
  file: RandomAccessFile,
  delimiter: Delimiter,
  options: DelimitedOptions,
): AsyncGenerator<Row> {
  const { quotes } = options;
  if (quotes === "none") return readPlainRows(file, delimiter, options);
  if (quotes === "csv") return readQuotedRows(file, delimiter, options);
  return delimiter === "\t" ? plainUnlessQuoted(file, options) : quotedUnlessPlain(file, options);
}

async function* plainUnlessQuoted(file: RandomAccessFile, options: LineOptions): AsyncGenerator<Row> {
  const other = new QuotedReading("\t");
  yield* readPlainRows(file, "\t", options, other.pass);
  if (other.ambiguousLine !== undefined) throw ambiguousQuotes(file.name, other.ambiguousLine);
}

async function* quotedUnlessPlain(file: RandomAccessFile, options: LineOptions): AsyncGenerator<Row> {
  const other = new PlainReading(",");
  let spanning: number | undefined;
  for await (const row of readQuotedRows(file, ",", options, other.pass)) {
    if (spanning === undefined && row.values.some((value) => /[\n\r]/u.test(value))) spanning = row.line;
    yield row;
  }
  other.end();
  if (spanning !== undefined && other.fits) throw ambiguousQuotes(file.name, spanning);
}

interface Header {
  readonly names: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
}

function readHeader({ values: names, line }: Row, columns: readonly ColumnRequest[], file: string): Header {
  const indexOf = new Map(names.map((name, index) => [name, index]));
  for (const request of columns) {
    const found = foundName(request, (name) => indexOf.has(name));
    if (found === undefined) throw missingColumn({ file, line }, request, names, columns, "header");
    const [first, last] = [names.indexOf(found.name), indexOf.get(found.name)];
    if (first !== last) throw repeated({ file, line }, found.name, first, last ?? 0);
  }
  return { names, indexOf };
}

/** The name is one that was asked for, and as public as the flag. */
function repeated(
  { file, line }: { readonly file: string; readonly line: number },
  name: string,
  first: number,
  last: number,
): DataError {
  return new DataError("duplicate-column", {
    message:
      `The header at line ${line} of ${file} has the column ${JSON.stringify(name)} more than once, ` +
      `as columns ${first + 1} and ${last + 1}.`,
    value: line,
    expected: "different names",
  });
}

function ragged(row: Row, expected: number, file: string, delimiter: Delimiter): DataError {
  const inside = "A field that holds the delimiter or a line end must be in double quotes";
  return new DataError("ragged-row", {
    message: `The row at line ${row.line} of ${file} has ${row.values.length} fields.`,
    value: row.line,
    expected: `${expected}, as in the header`,
    next:
      delimiter === "," ? `${inside}.` : `${inside}, and --quotes csv says that the file has quoted fields.`,
  });
}
