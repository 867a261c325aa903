import { AccountingError } from "../accounting/index.js";

/** Refuses an argument that is no finite number above 0. */
export function requirePositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    demand(name, value, value > 0 && value < Infinity, "a finite number above 0");
  }
}

/** Refuses an argument that is no whole number of at least 1. */
export function requireCount(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    demand(name, value, Number.isSafeInteger(value) && value >= 1, "an integer of at least 1");
  }
}

/** Refuses a probability outside (0, 1), or outside (0, 1] for a sampling rate. */
export function requireProbability(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    const most = name === "samplingRate" ? value <= 1 : value < 1;
    demand(
      name,
      value,
      value > 0 && most,
      name === "samplingRate" ? "above 0, at most 1" : "strictly between 0 and 1",
    );
  }
}

function demand(name: string, value: unknown, holds: boolean, expected: string): void {
  if (typeof value === "number" && holds) return;
  throw new AccountingError("bad-argument", { message: `${name} is ${String(value)}.`, value, expected });
}
