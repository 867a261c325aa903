import type { JsonObject } from "./canonical.js";
import { LedgerError } from "./errors.js";
import type { LedgerFile } from "./file.js";
import { concatenate, encode, sealedLines, type LedgerEntry } from "./format.js";
import type { Ledger } from "./parse.js";

/** All bytes of a ledger. */
export function ledgerBytes(plan: JsonObject, entries: readonly LedgerEntry[]): Uint8Array {
  return concatenate([...sealedLines(plan, entries)].map(({ bytes }) => bytes));
}

/**
 * Keeps a ledger whose file was taken away while it was written, and makes the error say where it stands.
 *
 * @param begun the part of the next line that says that its step was begun; it is kept too, so the step will be charged
 */
export async function keptAside(
  file: LedgerFile,
  { plan, entries, hash }: Ledger,
  begun: string,
  error: LedgerError,
): Promise<LedgerError> {
  const bytes = concatenate([ledgerBytes(plan, entries), encode(begun)]);
  const path = await file.keepAside?.(bytes).catch(() => undefined);
  const truth = `This run has released ${entries.length} steps, with last hash ${hash}`;
  const where = path === undefined ? "; they could not be kept" : `, kept in ${path}`;
  const place = file.name ?? "the ledger's place";
  return new LedgerError("ledger-replaced", {
    message: `${error.message} Nothing more was written. ${truth}${where}.`,
    value: file.name,
    next:
      path === undefined
        ? "Put a copy of the ledger that ends with this hash in its place, and run the same command again."
        : `Move ${path} to ${place}, and run the same command again.`,
  });
}
