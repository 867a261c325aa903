import type { JsonObject } from "./canonical.js";
import { LedgerError } from "./errors.js";
import { mostHeaderBytes } from "./bounds.js";
import { parseLedger, parseWholeLines } from "./parse.js";
import type { LedgerSchedule } from "./schedule.js";

/** What checking a ledger found. */
export type LedgerVerdict =
  | {
      readonly valid: true;
      readonly plan: JsonObject;
      /** Steps charged: released and lost. */
      readonly steps: number;
      readonly released: number;
      readonly lost: number;
      /** The last line's hash; whoever knows it from elsewhere can tell a rewritten ledger. */
      readonly hash: string;
    }
  | { readonly valid: false; readonly error: LedgerError };

/**
 * Checks a ledger without throwing for what is wrong with it.
 *
 * A hash chain shows accidents and careless edits. Who rewrites every line has a valid chain too: compare the last
 * hash with one that came another way.
 *
 * @example
 * const verdict = verifyLedger(bytes);
 * if (!verdict.valid) throw verdict.error;
 */
export function verifyLedger(bytes: Uint8Array, schedule?: LedgerSchedule): LedgerVerdict {
  try {
    const { plan, entries, hash } = parseLedger(bytes, schedule);
    const lost = entries.filter((entry) => entry.lost === true).length;
    return { valid: true, plan, steps: entries.length, released: entries.length - lost, lost, hash };
  } catch (error) {
    if (error instanceof LedgerError && error.line !== undefined) return { valid: false, error };
    throw error;
  }
}

/**
 * The plan of a ledger's header, checked with its hash, before the steps are looked at.
 *
 * For resuming: the schedule that reading the steps needs is in the plan.
 *
 * @returns undefined if the ledger has no whole first line, so that a run can only start anew
 * @throws {LedgerError} if the first line is not a valid header.
 */
export function readLedgerPlan(bytes: Uint8Array): JsonObject | undefined {
  const end = bytes.indexOf(10) + 1;
  if (end === 0 && bytes.length <= mostHeaderBytes) return undefined;
  return parseWholeLines(bytes.subarray(0, end === 0 ? bytes.length : end)).plan;
}
