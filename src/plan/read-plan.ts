import { checkPlan } from "./check-plan.js";
import { PlanError } from "./errors.js";
import { nonPrivatePlanSchema, type Plan, planSchema, planSchemaOfFormat1, type RunPlan } from "./plan.js";

/**
 * Checks the plan of a private run that was read from a file.
 *
 * @throws {PlanError} `invalid-plan`, naming the field; `not-private` for the plan of a run without privacy.
 */
export function readPlan(value: unknown): Plan {
  const plan = readRunPlan(value);
  if (plan.mechanism.kind === "none") throw notPrivate(plan.method);
  return plan as Plan;
}

/**
 * Checks a plan that was read from a file, whether it gives privacy or not.
 *
 * Guarantees:
 * - What a format does not have is refused: a field of format 2 in a plan of format 1, and any other field.
 *
 * @throws {PlanError} `invalid-plan`, naming the field.
 */
export function readRunPlan(value: unknown): RunPlan {
  const parsed = schemaFor(value).safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PlanError("invalid-plan", {
      message: `The plan's ${issue?.path.join(".") ?? "content"} is not valid: ${issue?.message ?? "unknown"}.`,
      value: issue?.path,
      expected: "a plan of format dpzo-plan/1 or dpzo-plan/2",
      next: "The ledger was made by another version of dpzo, or changed by hand.",
    });
  }
  checkPlan(parsed.data);
  return parsed.data;
}

function schemaFor(
  value: unknown,
): typeof planSchemaOfFormat1 | typeof planSchema | typeof nonPrivatePlanSchema {
  const { format, mechanism } = (value ?? {}) as { format?: unknown; mechanism?: { kind?: unknown } };
  if (format === "dpzo-plan/1") return planSchemaOfFormat1;
  return mechanism?.kind === "none" ? nonPrivatePlanSchema : planSchema;
}

/** The refusal to state an epsilon for a run that has none. */
export function notPrivate(method: string): PlanError {
  return new PlanError("not-private", {
    message: `A ${method} run gives no privacy: its ledger holds unnoised sums over private records.`,
    value: method,
    expected: "a private method",
    next: "There is no epsilon to state. Keep the ledger and the model as private as the records.",
  });
}

/** The plan without what is drawn at random: two runs of one configuration agree in it. */
export function planIdentity(plan: RunPlan): string {
  return JSON.stringify({ ...plan, directions: { ...plan.directions, runSeed: "" } });
}
