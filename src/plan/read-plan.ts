import { PlanError } from "./errors.js";
import { type Plan, planSchema } from "./plan.js";

/**
 * Checks a plan that was read from a file.
 *
 * @throws {PlanError} `invalid-plan`, naming the field.
 */
export function readPlan(value: unknown): Plan {
  const parsed = planSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new PlanError("invalid-plan", {
    message: `The plan's ${issue?.path.join(".") ?? "content"} is not valid: ${issue?.message ?? "unknown"}.`,
    value: issue?.path,
    expected: "a plan of format dpzo-plan/1",
    next: "The ledger was made by another version of dpzo, or changed by hand.",
  });
}

/** The plan without what is drawn at random: two runs of one configuration agree in it. */
export function planIdentity(plan: Plan): string {
  return JSON.stringify({ ...plan, directions: { ...plan.directions, runSeed: "" } });
}
