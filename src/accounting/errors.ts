/** Why the accountant refused. Scripts match on these; people read the message. */
export type AccountingErrorCode =
  | "bad-argument"
  | "bad-event"
  | "unknown-event"
  | "unsupported-event"
  | "no-pure-epsilon"
  | "unreachable-target"
  | "too-large";

/** What an accounting error says besides its code. Same shape as the rest of dpzo, on purpose. */
export interface AccountingErrorDetails {
  readonly message: string;
  readonly value?: unknown;
  readonly expected?: string;
  readonly next?: string;
}

/**
 * An error thrown on purpose by `dpzo/accounting`.
 *
 * It has the same shape as `DpzoError` but its own class, because this folder imports nothing from outside itself.
 *
 * @example
 * try { parseEvent({ kind: "mystery" }); } catch (error) {
 *   if (error instanceof AccountingError && error.code === "unknown-event") { ... }
 * }
 */
export class AccountingError extends Error {
  readonly code: AccountingErrorCode;
  readonly value: unknown;
  readonly expected: string | undefined;
  readonly next: string | undefined;

  constructor(code: AccountingErrorCode, details: AccountingErrorDetails) {
    const parts = [details.message];
    if (details.expected !== undefined) parts.push(`Expected ${details.expected}.`);
    if (details.next !== undefined) parts.push(details.next);
    super(parts.join(" "));
    this.name = "AccountingError";
    this.code = code;
    this.value = details.value;
    this.expected = details.expected;
    this.next = details.next;
  }
}

/** The refusal of an argument. */
export function badArgument(name: string, value: unknown, expected: string): AccountingError {
  return new AccountingError("bad-argument", { message: `${name} is ${shown(value)}.`, value, expected });
}

/** Any value in a few words: what it holds is not asked for, since even that may throw. */
export function shown(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "bigint") return "a bigint";
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 60);
}

/** Refuses an epsilon that is not a finite number of at least 0. */
export function checkEpsilon(epsilon: number): void {
  if (!(typeof epsilon === "number" && epsilon >= 0 && epsilon < Infinity)) {
    throw badArgument("epsilon", epsilon, "a finite number of at least 0");
  }
}
