/** What an error says besides its code: the value that was wrong, what was expected, what to do next. */
export interface ErrorDetails {
  /** One sentence: what is wrong, and where (which file, tensor, line, byte, flag). */
  readonly message: string;
  /** The offending value. Never a private value: no loss, no difference, no record, no batch size. */
  readonly value?: unknown;
  /** What would have been accepted. */
  readonly expected?: string;
  /** What the reader can do now. */
  readonly next?: string;
}

/**
 * The base of every error dpzo throws on purpose.
 *
 * Each part of the library has a subclass with a closed list of codes; scripts match on `code`,
 * people read `message`, which already contains what was expected and what to do next.
 *
 * @example
 * try { parseTemplate("no slot"); } catch (error) {
 *   if (error instanceof DpzoError && error.code === "template-no-mask") { ... }
 * }
 */
export class DpzoError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly value: unknown;
  readonly expected: string | undefined;
  readonly next: string | undefined;

  constructor(code: Code, details: ErrorDetails) {
    const parts = [details.message];
    if (details.expected !== undefined) parts.push(`Expected ${details.expected}.`);
    if (details.next !== undefined) parts.push(details.next);
    super(parts.join(" "));
    this.name = new.target.name;
    this.code = code;
    this.value = details.value;
    this.expected = details.expected;
    this.next = details.next;
  }
}
