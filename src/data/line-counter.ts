/**
 * Knows at which line each record begins, from how many bytes the parser has passed.
 *
 * The parser's own count takes a CRLF inside quotes for two lines.
 */
export class LineCounter {
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
