import { CsvError, parse } from "csv-parse";
import type { Parser } from "csv-parse";

import type { RandomAccessFile } from "../files.js";
import { DataError } from "./errors.js";
import { FieldLimit } from "./field-limit.js";
import { LineCounter } from "./line-counter.js";
import { lineDefaults, readLineBlocks, tooLong } from "./lines.js";
import type { LineOptions } from "./lines.js";
import type { Delimiter, Row } from "./row.js";

/** Blocks of a file go by on their way to the parser. */
type Witness = (bytes: Uint8Array) => void;

/**
 * Reads rows with fields quoted as RFC 4180 says: `"` around a field, doubled inside.
 *
 * Line ends may be CRLF, LF or CR, also inside quotes. Lines of nothing but white space are no rows, except inside
 * quotes.
 *
 * @param witness sees every block before its rows are given
 */
export async function* readQuotedRows(
  file: RandomAccessFile,
  delimiter: Delimiter,
  options: LineOptions,
  witness: Witness = () => undefined,
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
    on_record: (values: string[], { bytes }) => {
      const line = counter.passRecord(bytes);
      const isBlank = values.length === 1 && values[0]?.trim() === "" && !counter.passedQuote;
      return isBlank ? null : [String(line), ...values];
    },
  });
  const limit = new FieldLimit(delimiter, file.name);
  const feeding = feed(parser, file, options, (bytes) => {
    limit.pass(bytes);
    witness(bytes);
    counter.add(bytes);
  });
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
  witness: Witness,
): Promise<void> {
  try {
    for await (const { bytes } of readLineBlocks(file, options)) {
      if (parser.destroyed) return;
      witness(bytes);
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

const plainQuotes = "If quotes are plain text in the whole file, say so: --quotes none.";

/** The parser's own message quotes the field, which is private: only its code is used. */
function translate(error: CsvError, line: number, file: string, maxRowBytes: number): DataError {
  if (error.code === "CSV_MAX_RECORD_SIZE") return tooLong(file, line, maxRowBytes);
  if (error.code === "CSV_QUOTE_NOT_CLOSED") {
    return new DataError("unterminated-quote", {
      message: `A quote that is opened in the row at line ${line} of ${file} is never closed.`,
      value: line,
      expected: 'a closing "',
      next: plainQuotes,
    });
  }
  return new DataError("stray-quote", {
    message: `The row at line ${line} of ${file} has a quote inside a field.`,
    value: line,
    expected: 'a field with quotes to be in double quotes, with each quote inside doubled: "say ""yes"""',
    next: plainQuotes,
  });
}
