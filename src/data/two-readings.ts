import { DataError } from "./errors.js";
import type { Delimiter } from "./row.js";

/**
 * Says whether a file that is read with quotes as text could as well be one with quoted fields, and a different number
 * of rows: every line fits RFC 4180 with as many fields as the first, and a quoted field goes on over a line end.
 *
 * One quote inside an unquoted field, as most unquoted files have, settles that it could not.
 */
export class QuotedReading {
  /** Whether everything so far fits. */
  #fits = true;
  #open = false;
  #fields = 1;
  #columns: number | undefined;
  #rowLine = 1;
  /** Line of the first row that would go on over a line end. */
  #spanning: number | undefined;
  readonly #delimiter: Delimiter;

  constructor(delimiter: Delimiter) {
    this.#delimiter = delimiter;
  }

  /** The line of a row that would be read in two ways; only when the whole file went by. */
  get ambiguousLine(): number | undefined {
    return this.#fits && !this.#open ? this.#spanning : undefined;
  }

  /** Takes the next line, without its end. */
  readonly pass = (text: string, line: number): void => {
    if (!this.#fits) return;
    if (!this.#open) {
      if (text.trim() === "" && !text.includes(this.#delimiter)) return;
      this.#rowLine = line;
    }
    this.#fits = this.#passFields(text);
  };

  /** @returns false where the line does not fit */
  #passFields(text: string): boolean {
    let at = 0;
    for (;;) {
      if (this.#open) {
        at = closingQuote(text, at);
        if (at < 0) {
          this.#spanning ??= this.#rowLine;
          return true;
        }
        this.#open = false;
        if (at < text.length && text[at] !== this.#delimiter) return false;
      } else if (text[at] === '"') {
        this.#open = true;
        at += 1;
        continue;
      } else {
        const end = text.indexOf(this.#delimiter, at);
        const field = text.slice(at, end < 0 ? text.length : end);
        if (field.includes('"')) return false;
        at = end < 0 ? text.length : end;
      }
      if (at >= text.length) return this.#endRow();
      this.#fields += 1;
      at += 1;
    }
  }

  #endRow(): boolean {
    this.#columns ??= this.#fields;
    const fits = this.#fields === this.#columns;
    this.#fields = 1;
    return fits;
  }
}

/** The place after the quote that closes a field, past doubled ones; -1 where none does. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at + 1;
  }
  return -1;
}

/**
 * Says whether a file that is read with quoted fields could as well be one in which quotes are text: every line has as
 * many delimiters as the first.
 */
export class PlainReading {
  fits = true;
  #columns: number | undefined;
  #fields = 1;
  #isBlank = true;
  readonly #delimiter: number;

  constructor(delimiter: Delimiter) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** Takes the next bytes of the file. */
  readonly pass = (bytes: Uint8Array): void => {
    if (!this.fits) return;
    for (const byte of bytes) {
      if (byte === this.#delimiter) this.#fields += 1;
      if (byte === 0x0a || byte === 0x0d) this.end();
      else if (byte !== 0x20 && byte !== 0x09) this.#isBlank = false;
      else if (byte === this.#delimiter) this.#isBlank = false;
    }
  };

  /** Ends a line, or the file. */
  end(): void {
    if (!this.#isBlank) {
      this.#columns ??= this.#fields;
      this.fits &&= this.#fields === this.#columns;
    }
    this.#fields = 1;
    this.#isBlank = true;
  }
}

/** The error for a file that holds different rows in the two readings. */
export function ambiguousQuotes(file: string, line: number): DataError {
  return new DataError("ambiguous-quotes", {
    message:
      `From line ${line} of ${file} on, a quote that opens a field is closed in a later line, and every line has ` +
      "as many fields as the first: the lines could be one record or several.",
    value: line,
    expected: "a file that can be read in one way",
    next: "Say which it is: --quotes none (quotes are text, a record a line) or --quotes csv (quoted fields).",
  });
}
