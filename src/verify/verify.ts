import { epsilon } from "../accounting/index.js";
import { type LedgerEntry, parseLedger } from "../ledger/index.js";
import {
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
 * Checks a ledger from its bytes alone: hash chain, plan, and that each entry fits the plan. It states no epsilon.
 *
 * @throws {LedgerError} with line and byte, {PlanError} `invalid-plan` or `plan-mismatch`.
 */
export function checkLedger(bytes: Uint8Array): CheckedLedger {
  const ledger = parseLedger(bytes);
  const plan = readRunPlan(ledger.plan);
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
 * - A ledger of a run without privacy has no epsilon, and is refused.
 *
 * @throws {LedgerError} with line and byte, {PlanError} `invalid-plan`, `plan-mismatch` or `not-private`.
 */
export function verifyLedger(bytes: Uint8Array): VerifiedLedger {
  const ledger = checkLedger(bytes);
  if (!isPrivateLedger(ledger)) throw notPrivate(ledger.plan.method);
  const { plan, steps, plannedSteps } = ledger;
  const planned = epsilon(planEvent(plan), plan.privacy.delta);
  checkPromise(plan, planned.epsilon);
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

function checkPromise(plan: Plan, planned: number): void {
  // The bound is within 1e-4 of the true epsilon, from above; another version's may lie elsewhere in that interval.
  const slack = Math.max(1e-5, 1e-4 * planned);
  if (planned > plan.privacy.epsilon + slack || plan.privacy.epsilon > plan.privacy.targetEpsilon + slack) {
    throw mismatch(
      `The plan promises epsilon ${plan.privacy.epsilon} of a budget of ${plan.privacy.targetEpsilon}`,
      planned,
      `at least ${planned}, which its steps spend at delta ${plan.privacy.delta}`,
    );
  }
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
