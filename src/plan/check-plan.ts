import { mostDirections } from "../mechanism/index.js";
import { PlanError } from "./errors.js";
import type { RunPlan } from "./plan.js";

/**
 * Refuses a plan whose fields are each valid and together are not what the accountant or the mechanism understands.
 *
 * @throws {PlanError} `invalid-plan`
 */
export function checkPlan(plan: RunPlan): void {
  const { mechanism, privacy, stages } = plan;
  if (mechanism.kind === "discrete-laplace" && stages.some(({ directions }) => directions !== 1)) {
    throw invalid(
      "mechanism",
      mechanism.kind,
      "one direction: L1 and L2 sensitivity are then the same number",
    );
  }
  if (stages.some(({ adaptiveClip }) => adaptiveClip) && mechanism.kind !== "discrete-gaussian") {
    throw invalid("stages.adaptiveClip", mechanism.kind, "Gaussian noise, for more than one value a step");
  }
  if (stages.some(({ adaptiveClip, clip }) => adaptiveClip && clip)) {
    throw invalid("stages.adaptiveClip", "per-scalar", "one clip of the whole vector");
  }
  if (stages.some(({ adaptiveClip, directions }) => adaptiveClip && directions >= mostDirections)) {
    throw invalid("stages.directions", mostDirections, `at most ${mostDirections - 1} beside a count`);
  }
  if ("delta" in privacy && privacy.delta === 0 && mechanism.kind !== "discrete-laplace") {
    throw invalid("privacy.delta", 0, "a delta above 0: only Laplace noise has an epsilon at delta 0");
  }
  if ("shrinkage" in plan && mechanism.kind !== "discrete-gaussian") {
    throw invalid("shrinkage", mechanism.kind, "Gaussian noise, whose variance the rules are made for");
  }
}

function invalid(field: string, value: unknown, expected: string): PlanError {
  return new PlanError("invalid-plan", {
    message: `The plan's ${field} does not fit the rest of it.`,
    value,
    expected,
  });
}
