import { isPrivate, type Plan, type RunPlan } from "./plan.js";

/** Whom a plan protects: each record, or all records that share one value of a column, as one. */
export type PrivacyUnit = Plan["privacy"]["unit"];

/** The unit that a plan samples, clips and protects; without privacy, what it samples is records. */
export function planUnit(plan: RunPlan): PrivacyUnit {
  return isPrivate(plan) ? plan.privacy.unit : "record";
}

/** What a plan's privacy unit is called where there are sentences about it. */
export interface UnitWords {
  /** "record" or "unit"; with an "s" for several. */
  readonly name: "record" | "unit";
  /** What makes up a unit, and the column is named; absent where it is the record. */
  readonly meaning?: string;
}

/**
 * The words for a privacy unit.
 *
 * @example
 * unitWords({ column: "user" }).meaning; // 'all records that share one value of the column "user"'
 */
export function unitWords(unit: PrivacyUnit): UnitWords {
  if (unit === "record") return { name: "record" };
  return { name: "unit", meaning: `${recordsOfOneUnit} ${JSON.stringify(unit.column)}` };
}

/** Goes before the column's name. */
export const recordsOfOneUnit = "all records that share one value of the column";
