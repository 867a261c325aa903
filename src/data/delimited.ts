import { CsvError, parse } from "csv-parse";
import type { Parser } from "csv-parse";

import type { RandomAccessFile } from "../files.js";
import { missingColumn, pickFields } from "./columns.js";
import type { ColumnRequest, DataRecord } from "./columns.js";
import { DataError } from "./errors.js";
import { lineDefaults, readLineBlocks, tooLong } from "./lines.js";
import type { LineOptions } from "./lines.js";

/** A row as the parser gives it: its fields, and the line it begins at. */
interface Row {
  readonly line: number;
  readonly values: readonly string[];
}

/**
 * Reads rows under a header line, fields quoted as RFC 4180 says: `"` around a field, doubled inside.
 *
 * Line ends may be CRLF, LF or CR, also inside quotes. A blank line is a row of one empty field.
 */
export async function* readDelimited(
  file: RandomAccessFile,
  delimiter: "," | "\t",
  columns: readonly ColumnRequest[],
  options: LineOptions = {},
): AsyncGenerator<DataRecord> {
  let header: Header | undefined;
  for await (const row of readRows(file, delimiter, options)) {
    if (header === undefined) {
      header = readHeader(row, columns, file.name);
      continue;
    }
    const { names, indexOf } = header;
    if (row.values.length !== names.length) throw ragged(row, names.length, file.name);
    yield pickFields(
      columns,
      (name) => row.values[indexOf.get(name) ?? -1],
      () => names,
      file.name,
      row.line,
    );
  }
}

interface Header {
  readonly names: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
}

function readHeader({ values: names, line }: Row, columns: readonly ColumnRequest[], file: string): Header {
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const repeated = names.find((name, index) => indexOf.get(name) !== index);
  if (repeated !== undefined) {
    throw new DataError("duplicate-column", {
      message: `The header of ${file} has the column ${JSON.stringify(repeated.slice(0, 60))} twice.`,
      value: line,
      expected: "different names",
    });
  }
  for (const { name } of columns) if (!indexOf.has(name)) throw missingColumn(file, line, name, names);
  return { names, indexOf };
}

function ragged(row: Row, expected: number, file: string): DataError {
  return new DataError("ragged-row", {
    message: `The row at line ${row.line} of ${file} has ${row.values.length} fields.`,
    value: row.line,
    expected: `${expected}, as in the header`,
    next: "A field that holds the delimiter or a line end must be in double quotes.",
  });
}

async function* readRows(
  file: RandomAccessFile,
  delimiter: string,
  options: LineOptions,
): AsyncGenerator<Row> {
  const counter = new LineCounter();
  const maxRowBytes = options.maxRowBytes ?? lineDefaults.maxRowBytes;
  const parser = parse({
    delimiter,
    bom: false,
    max_record_size: maxRowBytes,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    // The line travels as a field before the others: the parser's types take nothing but strings.
    on_record: (values, { bytes }) => [String(counter.passRecord(bytes)), ...values],
  });
  const feeding = feed(parser, file, options, counter);
  try {
    for await (const [line, ...values] of parser as AsyncIterable<string[]>)
      yield { line: Number(line), values };
    await feeding;
  } catch (error) {
    throw error instanceof CsvError ? translate(error, counter.line, file.name, maxRowBytes) : error;
  } finally {
    parser.destroy();
    await feeding;
  }
}

/** Hands the file to the parser as fast as it takes it; an error of the file becomes one of the parser. */
async function feed(
  parser: Parser,
  file: RandomAccessFile,
  options: LineOptions,
  counter: LineCounter,
): Promise<void> {
  try {
    for await (const { bytes } of readLineBlocks(file, options)) {
      if (parser.destroyed) return;
      counter.add(bytes);
      if (!parser.write(bytes)) await drained(parser);
    }
    if (!parser.destroyed) parser.end();
  } catch (error) {
    parser.destroy(error instanceof Error ? error : new Error("reading failed"));
  }
}

function drained(parser: Parser): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      parser.off("drain", done).off("close", done);
      resolve();
    };
    parser.on("drain", done).on("close", done);
    if (parser.destroyed) done();
  });
}

/** The parser's own message quotes the field, which is private: only its code is used. */
function translate(error: CsvError, line: number, file: string, maxRowBytes: number): DataError {
  if (error.code === "CSV_MAX_RECORD_SIZE") return tooLong(file, line, maxRowBytes);
  if (error.code === "CSV_QUOTE_NOT_CLOSED") {
    return new DataError("unterminated-quote", {
      message: `A quote that is opened in the row at line ${line} of ${file} is never closed.`,
      value: line,
      expected: 'a closing "',
    });
  }
  return new DataError("stray-quote", {
    message: `The row at line ${line} of ${file} has a quote inside a field.`,
    value: line,
    expected: 'a field with quotes to be in double quotes, with each quote inside doubled: "say ""yes"""',
  });
}

/**
 * Knows at which line each record begins, from how many bytes the parser has passed.
 *
 * The parser's own count takes a CRLF inside quotes for two lines.
 */
class LineCounter {
  /** Line at which the next record begins. */
  line = 1;
  #received = 0;
  #lastByte = 0;
  /** Positions just after line ends that no record has passed yet. */
  #ends: number[] = [];
  #passed = 0;

  add(bytes: Uint8Array): void {
    this.#ends.splice(0, this.#passed);
    this.#passed = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      const isEnd = byte === 0x0a || byte === 0x0d;
      if (isEnd && !(byte === 0x0a && this.#lastByte === 0x0d)) this.#ends.push(this.#received + i + 1);
      else if (isEnd) this.#ends[this.#ends.length - 1] = this.#received + i + 1;
      this.#lastByte = byte;
    }
    this.#received += bytes.length;
  }

  /** The line the record began at that ends after `bytes`; moves on to the next. */
  passRecord(bytes: number): number {
    const began = this.line;
    while ((this.#ends[this.#passed] ?? Infinity) <= bytes) {
      this.#passed++;
      this.line++;
    }
    return began;
  }
}
