import { DataError } from "./errors.js";
import { type Delimiter, mostColumns } from "./row.js";

/** The error for a row with more fields than a file may have columns. */
export function tooManyColumns(file: string, line: number): DataError {
  return new DataError("too-many-columns", {
    message: `The row that begins at line ${line} of ${file} has more than ${mostColumns} fields.`,
    value: line,
    expected: `at most ${mostColumns}`,
    next: "Look for missing line ends, or leave out columns that are not needed.",
  });
}

/**
 * Counts delimiters outside quotes before a parser makes fields of them: a file of 30 MB could ask for 2 GB.
 *
 * A doubled quote closes a field and opens it again, which comes to the same.
 */
export class FieldLimit {
  #isQuoted = false;
  #fields = 1;
  #line = 1;
  #rowLine = 1;
  #lastByte = 0;
  readonly #delimiter: number;

  constructor(
    delimiter: Delimiter,
    private readonly file: string,
  ) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** @throws {DataError} code `too-many-columns` */
  pass(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === 0x22) this.#isQuoted = !this.#isQuoted;
      else if (byte === 0x0a || byte === 0x0d) this.#endLine(byte);
      else if (byte === this.#delimiter && !this.#isQuoted) {
        this.#fields += 1;
        if (this.#fields > mostColumns) throw tooManyColumns(this.file, this.#rowLine);
      }
      this.#lastByte = byte;
    }
  }

  #endLine(byte: number): void {
    if (!(byte === 0x0a && this.#lastByte === 0x0d)) this.#line += 1;
    if (this.#isQuoted) return;
    this.#fields = 1;
    this.#rowLine = this.#line;
  }
}
