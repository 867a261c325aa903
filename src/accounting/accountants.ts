import { epsilon } from "./accountant.js";
import { type Event, parseEvent } from "./events.js";
import { AccountingError } from "./errors.js";
import { flatten } from "./flatten.js";
import { rdpEpsilon } from "./rdp.js";

/** What every accountant can do. */
export interface Accountant {
  readonly name: "pld" | "rdp";
  /** Whether this accountant knows what the event costs; unknown events are never approximated. */
  supports(event: unknown): boolean;
  /** Bounds on epsilon at `delta`. @throws {AccountingError} where `supports` is false. */
  epsilon(event: Event, delta: number): { epsilon: number; epsilonLower: number };
}

function supports(event: unknown): boolean {
  try {
    flatten(parseEvent(event));
    return true;
  } catch (error) {
    if (error instanceof AccountingError) return false;
    throw error;
  }
}

/** Privacy loss distributions: tight from both sides. */
export const pldAccountant: Accountant = { name: "pld", supports, epsilon };
/** Renyi divergences: an upper bound a few per cent above. */
export const rdpAccountant: Accountant = { name: "rdp", supports, epsilon: rdpEpsilon };
