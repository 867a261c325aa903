import { deepestPlan } from "./bounds.js";
import { LedgerError } from "./errors.js";

/** What JSON can hold, without numbers that JSON text cannot give back (-0, NaN, infinities). */
export type JsonValue = boolean | null | number | string | readonly JsonValue[] | JsonObject;
/** A JSON object with its keys in the order in which they are written. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * The one text of a JSON value: keys in their order, no spaces, numbers and escapes as `JSON.stringify` writes.
 *
 * @throws {LedgerError} code `bad-plan` if the value would not come back the same from its text.
 */
export function canonicalJson(value: JsonValue): string {
  const problem = notPlain(value, deepestPlan);
  if (problem !== undefined) {
    throw new LedgerError("bad-plan", {
      message: `The plan holds ${problem}.`,
      expected: `plain JSON, at most ${deepestPlan} levels deep`,
    });
  }
  return JSON.stringify(value);
}

/** What keeps a value from being plain JSON, in words; undefined if nothing does. */
export function notPlain(value: unknown, levels: number): string | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "string") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? undefined : `the number ${describe(value)}`;
  }
  if (typeof value !== "object") return `a value of type ${typeof value}`;
  if (levels === 0) return "too many levels";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
    return "a class instance";
  for (const key of Object.keys(value)) {
    const problem = notPlain((value as Record<string, unknown>)[key], levels - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function describe(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
