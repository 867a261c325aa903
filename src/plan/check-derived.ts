import { maximumRecords } from "../mechanism/index.js";
import { samplingRate } from "../sampling/index.js";
import { PlanError } from "./errors.js";
import { checkMethod } from "./check-method.js";
import { isPrivate, type Plan, type RunPlan } from "./plan.js";
import { planUnit, unitWords } from "./unit.js";

/**
 * Refuses a plan that `makePlan` cannot have made: a number that follows from others and does not.
 *
 * Guarantees:
 * - delta is below 1 / n, every sampling numerator is that of its own batch and n, no batch is larger than n,
 *   sums over n records are exact, and the method's name is true.
 *
 * What needs the accountant (epsilon from noise, rates and steps) is looked at by `verifyLedger`.
 *
 * @throws {PlanError} `plan-mismatch`, `delta-too-large`, `batch-too-large`; {SamplingError} `invalid-sampling-rate`
 */
export function checkDerived(plan: RunPlan): void {
  const { publicSize } = plan.privacy;
  checkPublicSize(plan);
  if (isPrivate(plan)) checkDelta(plan.privacy.delta, publicSize, unitWords(planUnit(plan)).name);
  for (const { expectedBatch, numerator } of samplings(plan)) {
    checkSampling(expectedBatch, numerator, publicSize);
  }
  checkMethod(plan);
}

/** Refuses a delta at which publishing one record at random would count as private. @throws {PlanError} */
export function checkDelta(delta: number, publicSize: number, name: "record" | "unit"): void {
  if (delta < 1 / publicSize) return;
  throw new PlanError("delta-too-large", {
    message: `delta ${delta} is not below 1 / ${publicSize}.`,
    value: delta,
    expected: `a delta well below one over the number of ${name}s`,
    next: `At delta = 1 / n, publishing one ${name} at random would count as private. Use 1e-5 or less.`,
  });
}

function checkPublicSize(plan: RunPlan): void {
  const { publicSize } = plan.privacy;
  const most = maximumRecords(plan.mechanism);
  if (publicSize <= most) return;
  throw new PlanError("batch-too-large", {
    message: `${publicSize} ${unitWords(planUnit(plan)).name}s are more than exact integer sums allow.`,
    value: publicSize,
    expected: `at most ${most}`,
  });
}

function samplings({ sampling, stages }: RunPlan): Pick<Plan["sampling"], "expectedBatch" | "numerator">[] {
  return [sampling, ...stages.flatMap((stage) => (stage.sampling === undefined ? [] : [stage.sampling]))];
}

function checkSampling(expectedBatch: number, numerator: number, publicSize: number): void {
  if (expectedBatch > publicSize) {
    throw new PlanError("batch-too-large", {
      message: `The expected batch of ${expectedBatch} is larger than ${publicSize}.`,
      value: expectedBatch,
      expected: `at most ${publicSize}`,
    });
  }
  const { numerator: implied } = samplingRate(expectedBatch, publicSize);
  if (numerator === implied) return;
  throw new PlanError("plan-mismatch", {
    message: `The plan samples with ${numerator} / 2^32, which is not ${expectedBatch} of ${publicSize}.`,
    value: numerator,
    expected: `${implied} / 2^32`,
    next: "The plan was changed by hand. Do not rely on its epsilon.",
  });
}
