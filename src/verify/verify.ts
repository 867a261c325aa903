import { epsilon, type EpsilonResult } from "../accounting/index.js";
import { type LedgerEntry, parseLedger } from "../ledger/index.js";
import {
  checkDerived,
  isPrivate,
  notPrivate,
  type Plan,
  PlanError,
  planEvent,
  readRunPlan,
  type RunPlan,
  unitWords,
  valueCount,
} from "../plan/index.js";
import { stageOfStep, totalSteps } from "../schedule/index.js";
import { checkNoise } from "./noise-floor.js";

/** A ledger whose chain, plan and entries agree, whether its run was private or not. */
export interface CheckedLedger<AnyPlan extends RunPlan = RunPlan> {
  readonly plan: AnyPlan;
  readonly entries: readonly LedgerEntry[];
  /** Hash of the last line: compare it with one got from somewhere the ledger's holder cannot write. */
  readonly finalHash: string;
  /** Steps that were charged, lost ones included. */
  readonly steps: number;
  readonly lostSteps: number;
  readonly plannedSteps: number;
}

/** A checked ledger of a private run, and what it spends. */
export interface VerifiedLedger extends CheckedLedger<Plan> {
  /** Upper bound on what the steps so far spend at `delta`, computed anew. */
  readonly epsilon: number;
  readonly epsilonLower: number;
  readonly delta: number;
}

/**
 * Checks a ledger from its bytes alone: hash chain, plan, what of the plan follows from the rest of it
 * ({@link checkDerived}), and that each entry fits the plan. It states no epsilon.
 *
 * @throws {LedgerError} with line and byte, {PlanError} `invalid-plan`, `plan-mismatch`, `delta-too-large` or
 *   `batch-too-large`, {SamplingError} `invalid-sampling-rate`.
 */
export function checkLedger(bytes: Uint8Array): CheckedLedger {
  const ledger = parseLedger(bytes);
  const plan = readRunPlan(ledger.plan);
  checkDerived(plan);
  checkEntries(plan, ledger.entries);
  return {
    plan,
    entries: ledger.entries,
    finalHash: ledger.hash,
    steps: ledger.entries.length,
    lostSteps: ledger.entries.filter(({ lost }) => lost === true).length,
    plannedSteps: totalSteps(plan.stages),
  };
}

/** Whether a checked ledger is of a private run, so that {@link verifyLedger} gives its epsilon. */
export function isPrivateLedger(ledger: CheckedLedger): ledger is CheckedLedger<Plan> {
  return isPrivate(ledger.plan);
}

/**
 * Checks a ledger from its bytes alone: hash chain, plan, that each entry fits the plan, and the epsilon.
 *
 * Guarantees:
 * - Any byte that was changed, added or removed is found.
 * - Epsilon is computed from what the entries say was spent, not read from the plan, and must not be above what
 *   the plan promises.
 * - Released values that the plan's noise does not give are refused: too close together, repeated, on a coarser grid
 *   or too large. A ledger that the mechanism wrote passes but for a chance below 1e-9 ({@link checkNoise}).
 * - A ledger of a run without privacy has no epsilon, and is refused.
 *
 * @throws as {@link checkLedger}, and {PlanError} `not-private`.
 */
export function verifyLedger(bytes: Uint8Array): VerifiedLedger {
  const ledger = checkLedger(bytes);
  if (!isPrivateLedger(ledger)) throw notPrivate(ledger.plan.method);
  const { plan, steps, plannedSteps, entries } = ledger;
  checkNoise(plan, entries);
  const planned = epsilon(planEvent(plan), plan.privacy.delta);
  checkPromise(plan, planned);
  const spent = steps === plannedSteps ? planned : epsilon(planEvent(plan, steps), plan.privacy.delta);
  return {
    ...ledger,
    epsilon: steps === 0 ? 0 : spent.epsilon,
    epsilonLower: steps === 0 ? 0 : lowerBound(plan, steps, spent.epsilonLower),
    delta: plan.privacy.delta,
  };
}

/** A lower bound on what is really spent: Laplace noise is accounted for by an event that spends a little more. */
function lowerBound(plan: Plan, steps: number, known: number): number {
  if (plan.mechanism.kind === "discrete-gaussian") return known;
  return epsilon(planEvent(plan, steps, "lower"), plan.privacy.delta).epsilonLower;
}

function checkEntries(plan: RunPlan, entries: readonly LedgerEntry[]): void {
  for (const entry of entries) {
    const stage = stageOfStep(plan.stages, entry.step);
    if (stage === undefined || stage !== entry.stage) {
      throw mismatch(`Step ${entry.step} is in stage ${entry.stage}`, entry.step, `stage ${stage ?? "none"}`);
    }
    const planned = plan.stages[stage];
    const expected = planned === undefined ? 0 : valueCount(planned);
    if (entry.values !== undefined && entry.values.length !== expected) {
      throw mismatch(`Step ${entry.step} has ${entry.values.length} values`, entry.step, `${expected}`);
    }
  }
}

function checkPromise(plan: Plan, { epsilon: planned, epsilonLower, coarse }: EpsilonResult): void {
  // The bound is within 1e-4 of the true epsilon, from above; another version's may lie elsewhere in that interval. Where
  // it is coarse, it may lie anywhere down to the lower one: the epsilon that is stated is this version's own.
  const slack = Math.max(1e-5, 1e-4 * planned, coarse ? planned - epsilonLower : 0);
  const { epsilon: promised, targetEpsilon, delta } = plan.privacy;
  if (Math.abs(planned - promised) <= slack && promised <= targetEpsilon + slack) return;
  throw mismatch(
    `The plan promises epsilon ${promised} of a budget of ${targetEpsilon}`,
    planned,
    `${planned}, which its steps spend at delta ${delta}, and a budget of at least that`,
  );
}

function mismatch(message: string, value: number, expected: string): PlanError {
  return new PlanError("plan-mismatch", {
    message: `${message}, which does not fit the plan.`,
    value,
    expected,
    next: "This ledger does not describe a run of its plan. Do not rely on its epsilon.",
  });
}

/**
 * What the ledger guarantees, to whom, in words for somebody who has never heard of epsilon.
 *
 * @example
 * console.log(guaranteeInWords(verifyLedger(bytes)).join("\n"));
 */
export function guaranteeInWords(verified: VerifiedLedger): readonly string[] {
  const { plan, epsilon: spent, delta } = verified;
  const { name, meaning } = unitWords(plan.privacy.unit);
  const factor = Math.exp(spent);
  return [
    meaning === undefined
      ? `Each of the ${plan.privacy.publicSize} records (the number itself is public) is protected on its own.`
      : `Each of the ${plan.privacy.publicSize} units (the number itself is public) is protected as a whole: ${meaning}, ` +
        `however many they are.`,
    `Whatever anyone concludes from this ledger or the model it makes, they would have concluded almost as ` +
      `likely had any one ${name} been left out: probabilities change by a factor of at most e^${round(spent)} = ` +
      `${round(factor)}${delta === 0 ? "" : `, but for a part of at most ${delta}`}.`,
    `That holds against a reader who knows every other ${name} and every line of this ledger, as long as the ` +
      `noise came from the operating system's generator and the sample of each step stayed secret.`,
    `Not covered: the same person in several ${name}s, other runs on the same records (their epsilons add up), ` +
      `settings chosen by looking at the private data, and whatever was published otherwise.`,
  ];
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
