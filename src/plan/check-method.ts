import { PlanError } from "./errors.js";
import type { Method } from "./method-defaults.js";
import type { RunPlan } from "./plan.js";

/** Methods that release one difference a step, and those whose schedule has one stage. */
export const onlyOneDirection: readonly Method[] = ["dpzero", "dp-zo", "mezo"];
export const onlyOneStage: readonly Method[] = [...onlyOneDirection, "dp-aggzo"];

/**
 * Refuses a plan that bears the name of a method which is something else.
 *
 * @throws {PlanError} `plan-mismatch`
 */
export function checkMethod(plan: RunPlan): void {
  const { method, mechanism, stages } = plan;
  if (onlyOneStage.includes(method) && stages.length > 1) throw unlike(method, "stages", stages.length, "1");
  const most = Math.max(...stages.map(({ directions }) => directions));
  if (onlyOneDirection.includes(method) && most > 1) throw unlike(method, "directions", most, "1");
  if (mechanism.kind === "discrete-laplace" && method !== "dp-zo") {
    throw unlike(method, "noise", mechanism.kind, "discrete-gaussian");
  }
  const masked = stages.filter(({ mask }) => mask !== undefined).length;
  const expected = method === "dp-zopo" ? stages.length : 0;
  if (masked !== expected) throw unlike(method, "masks", masked, `${expected}`);
}

function unlike(method: Method, what: string, value: unknown, expected: string): PlanError {
  return new PlanError("plan-mismatch", {
    message: `The plan's ${what} are not those of ${method}: ${String(value)}.`,
    value,
    expected,
    next: "The plan was changed by hand. Do not rely on what it says.",
  });
}
