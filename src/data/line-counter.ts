/**
 * Knows at which line each record begins, and whether it has quotes, from how many bytes the parser has passed.
 *
 * The parser's own count takes a CRLF inside quotes for two lines.
 */
export class LineCounter {
  /** Line at which the next record begins. */
  line = 1;
  /** Whether a line of the record that was passed last has a quote in it. */
  passedQuote = false;
  #received = 0;
  #lastByte = 0;
  /** Positions just after line ends that no record has passed yet. */
  #ends: number[] = [];
  #passed = 0;
  /** Whether the lines that end there have a quote in them. */
  #quoted: boolean[] = [];
  /** Whether the line that has not ended yet has. */
  #hasQuote = false;

  add(bytes: Uint8Array): void {
    this.#ends.splice(0, this.#passed);
    this.#quoted.splice(0, this.#passed);
    this.#passed = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === 0x22) this.#hasQuote = true;
      const isEnd = byte === 0x0a || byte === 0x0d;
      if (isEnd && !(byte === 0x0a && this.#lastByte === 0x0d)) this.#endLine(this.#received + i + 1);
      else if (isEnd) this.#ends[this.#ends.length - 1] = this.#received + i + 1;
      this.#lastByte = byte;
    }
    this.#received += bytes.length;
  }

  #endLine(end: number): void {
    this.#ends.push(end);
    this.#quoted.push(this.#hasQuote);
    this.#hasQuote = false;
  }

  /** The line the record began at that ends after `bytes`; moves on to the next. */
  passRecord(bytes: number): number {
    const began = this.line;
    // The last line of a file may have no end.
    this.passedQuote = this.#passed >= this.#ends.length && this.#hasQuote;
    while ((this.#ends[this.#passed] ?? Infinity) <= bytes) {
      this.passedQuote ||= this.#quoted[this.#passed] ?? false;
      this.#passed++;
      this.line++;
    }
    return began;
  }
}
