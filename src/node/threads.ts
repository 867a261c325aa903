import { availableParallelism } from "node:os";

import { RuntimeError } from "../runtime/errors.js";

/** More workers than any machine has cores are a slip of the keyboard. */
const mostThreads = 1024;

/** How many cores there are to use, unless `DPZO_THREADS` says how many are wanted. @throws {RuntimeError} `invalid-threads` */
export function defaultThreads(): number {
  const { DPZO_THREADS: told = "" } = process.env;
  return told === "" ? availableParallelism() : readThreads(told, "DPZO_THREADS");
}

/**
 * A number of threads as it is written: decimal digits alone.
 *
 * @param where what says it: a flag, a variable
 * @throws {RuntimeError} `invalid-threads`
 * @example
 * readThreads("4", "--threads"); // 4
 */
export function readThreads(text: string, where: string): number {
  const threads = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
  if (areThreads(threads)) return threads;
  throw invalidThreads(text, where);
}

/** @throws {RuntimeError} `invalid-threads` */
export function checkThreads(threads: number): void {
  if (!areThreads(threads)) throw invalidThreads(threads, "threads");
}

function areThreads(threads: number): boolean {
  return Number.isSafeInteger(threads) && threads >= 1 && threads <= mostThreads;
}

function invalidThreads(value: string | number, where: string): RuntimeError {
  return new RuntimeError("invalid-threads", {
    message: `${where} is ${typeof value === "string" ? JSON.stringify(value) : value}, which is no number of threads.`,
    value,
    expected: `a whole number from 1 to ${mostThreads}`,
    next: "Leave it out to use every core of the machine.",
  });
}
