import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a plan. */
export type PlanErrorCode =
  | "invalid-plan"
  | "delta-too-large"
  | "batch-too-large"
  | "budget-unreachable"
  | "plan-mismatch"
  | "contradictory-settings"
  | "epsilon-missing"
  | "unknown-preset"
  | "not-private";

/** Thrown when a plan cannot be made, read, or does not fit what it is used with. */
export class PlanError extends DpzoError<PlanErrorCode> {}
