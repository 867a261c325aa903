import { shownSentence, shownValue } from "./shown.js";

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
 * Guarantees:
 * - What a file or a flag says is shown in part: a quoted value up to 200 characters, a sentence up to 1,000
 *   ({@link shownSentence}), on one line and without control characters. `value` is cut alike.
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
    const shown = (sentence: string | undefined): string | undefined =>
      sentence === undefined ? undefined : shownSentence(sentence, details.value);
    const [message, expected, next] = [details.message, details.expected, details.next].map(shown);
    const parts = [message, expected === undefined ? undefined : `Expected ${expected}.`, next];
    super(parts.filter((part) => part !== undefined).join(" "));
    this.name = new.target.name;
    this.code = code;
    this.value = shownValue(details.value);
    this.expected = expected;
    this.next = next;
  }
}
