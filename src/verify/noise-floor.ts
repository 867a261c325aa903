import { type LedgerEntry } from "../ledger/index.js";
import { type Plan, PlanError } from "../plan/index.js";
import { type NoiseTails, noiseTails } from "./noise-tails.js";

/** log of the chance with which each of the eight tests below refuses an honest ledger: 8e-10 in all. */
const logFalseAlarm = Math.log(1e-10);

/**
 * Refuses a ledger whose released values cannot be sums over records plus the noise of its plan.
 *
 * A released value is v = s + Y: s what the records add up to, Y the noise. s may be anything, may depend on all that was
 * released before, and is never known here; so a large value proves little and a small one much. Each test bounds the
 * chance of what it saw for the worst s there could be:
 *
 * - **Too little noise.** For any guess m of v that is made from earlier values alone, v - m = (s - m) + Y. The chance that
 *   a sum of |v - m|^p stays below x is largest if every s - m is 0: Y is symmetric and falls away from 0, so no window
 *   holds more of it than the one around 0 (Anderson 1955, in one dimension, value by value from the last). With n
 *   values it is then at most exp(l x) E[exp(-l |Y|^p)]^n for every l > 0 (Chernoff), p = 2 for Gaussian and 1 for Laplace
 *   noise. Guesses: 0, the value before, the same direction's value a step before, its mean so far, and the line
 *   through its last two values.
 * - **Too many repeats.** A value is one of the i - 1 before it with chance at most (i - 1) P(Y = 0). So c of n values
 *   are with chance at most u^c / c!, u = n (n - 1) / 2 * P(Y = 0).
 * - **Too regular.** All n - 1 differences to the first value are divisible by some g with chance at most
 *   sum over g > 1 of P(g divides Y)^(n - 1); the share of the total chance that a g gets is 1 / (g (g - 1)).
 * - **Too large.** |s| is at most publicSize * N, and |Y| exceeds z in any of n places with chance at most
 *   n P(|Y| > z).
 *
 * Guarantees:
 * - A ledger that its plan's mechanism wrote is refused with probability below 1e-9, however long or short it is
 *   and whatever the records are. No approximation is made; the noise's own sums are used.
 * - A few values cannot be told from noise and are not refused: one value 0 under noise of 2^22 units has chance 1e-7.
 *
 * @throws {PlanError} `plan-mismatch`
 */
export function checkNoise(plan: NoisyPlan, entries: readonly LedgerEntry[]): void {
  const tails = noiseTails(plan.mechanism);
  const steps = entries.flatMap(({ values }) => (values === undefined ? [] : [values]));
  for (const guess of guesses) checkSpread(steps, guess, tails);
  const values = steps.slice(0, mostCompared).flat().slice(0, mostCompared);
  checkRepeats(values, tails);
  checkDivisors(values, tails);
  const { latticeSensitivity } = plan.mechanism;
  checkReach(steps, plan.privacy.publicSize * latticeSensitivity, tails);
}

/** What the noise of a ledger follows from. */
export type NoisyPlan = Pick<Plan, "mechanism"> & {
  readonly privacy: Pick<Plan["privacy"], "publicSize">;
};

/** Repeats and divisors are looked for among this many values; which ones does not depend on any. */
const mostCompared = 2 ** 22;

type Step = readonly number[];

/** Makes the guess for value `k` of a step from what stands before it. Every guess is an integer. */
interface Guess {
  readonly name: string;
  /** A new guesser for one ledger, asked for each value in turn and told each value afterwards; NaN: no guess yet. */
  start(): { of(k: number): number; saw(k: number, value: number): void };
}

/** A guess for each direction from the values that it had before. */
function perDirection(name: string, needed: number, guess: (seen: Seen) => number): Guess {
  return {
    name,
    start: () => {
      const seen: Seen[] = [];
      return {
        of: (k) => {
          const state = seen[k] ?? fresh();
          return state.count < needed ? NaN : guess(state);
        },
        saw: (k, value) => {
          const state = (seen[k] ??= fresh());
          state.count += 1;
          state.sum += value;
          state.before = state.last;
          state.last = value;
        },
      };
    },
  };
}

/** What a direction's values were so far. */
interface Seen {
  count: number;
  sum: number;
  last: number;
  before: number;
}

function fresh(): Seen {
  return { count: 0, sum: 0, last: 0, before: 0 };
}

const valueBefore: Guess = {
  name: "the value before",
  start: () => {
    let last = NaN;
    return {
      of: () => last,
      saw: (_, value) => {
        last = value;
      },
    };
  },
};

const guesses: readonly Guess[] = [
  perDirection("0", 0, () => 0),
  perDirection("the step before", 1, ({ last }) => last),
  perDirection("their mean", 1, ({ sum, count }) => Math.round(sum / count)),
  perDirection("the line through the two steps before", 2, ({ last, before }) => 2 * last - before),
  valueBefore,
];

function checkSpread(steps: readonly Step[], maker: Guess, tails: NoiseTails): void {
  const guess = maker.start();
  let [sum, count] = [0, 0];
  for (const values of steps) {
    let ofStep = 0;
    values.forEach((value, k) => {
      const guessed = guess.of(k);
      if (!Number.isNaN(guessed)) {
        ofStep += Math.abs(value - guessed) ** tails.power;
        count += 1;
      }
      guess.saw(k, value);
    });
    sum += ofStep;
  }
  const logChance = logChanceOfSpread(sum, count, tails);
  if (logChance > logFalseAlarm) return;
  const scale = (sum / count) ** (1 / tails.power);
  throw notNoise(
    `The ${count} released values lie closer to ${maker.name} than noise does`,
    scale,
    logChance,
  );
}

/**
 * log of Chernoff's bound on the chance that `count` values of |s + Y|^p add up to at most `sum`, for any s; 0 or above
 * says nothing.
 */
export function logChanceOfSpread(sum: number, count: number, { logMoments }: NoiseTails): number {
  return Math.min(...logMoments.map(([rate, log]) => rate * sum + count * log));
}

function checkRepeats(values: readonly number[], { logPeak }: NoiseTails): void {
  const sorted = Float64Array.from(values).sort();
  let repeats = 0;
  for (let i = 1; i < sorted.length; i += 1) if (sorted[i] === sorted[i - 1]) repeats += 1;
  if (repeats === 0) return;
  const logMean = Math.log(values.length) + Math.log((values.length - 1) / 2) + logPeak;
  let logChance = repeats * logMean;
  for (let i = 2; i <= repeats; i += 1) logChance -= Math.log(i);
  if (logChance > logFalseAlarm) return;
  throw notNoise(`Of ${values.length} released values ${repeats} repeat an earlier one`, repeats, logChance);
}

function checkDivisors(values: readonly number[], tails: NoiseTails): void {
  const [first = 0] = values;
  let divisor = 0;
  for (const value of values) {
    divisor = greatestCommonDivisor(divisor, Math.abs(value - first));
    if (divisor === 1) return;
  }
  // Equal values throughout are repeats, looked at above.
  if (divisor === 0) return;
  const logChance = (values.length - 1) * tails.logDivisible(divisor);
  if (logChance > logFalseAlarm - Math.log(divisor) - Math.log(divisor - 1)) return;
  throw notNoise(
    `All ${values.length} released values lie on a grid of width ${divisor}`,
    divisor,
    logChance,
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

function checkReach(steps: readonly Step[], largestSum: number, tails: NoiseTails): void {
  let [largest, count] = [0, 0];
  for (const values of steps) {
    count += values.length;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
  }
  const reach = largestSum + tails.reach(logFalseAlarm - Math.log(Math.max(1, count)));
  if (largest <= reach) return;
  throw notNoise(
    "A released value is larger than all records and the noise together",
    largest,
    logFalseAlarm,
  );
}

function notNoise(message: string, value: number, logChance: number): PlanError {
  const power = Math.ceil(Math.max(logChance, -1e6) / Math.LN10);
  return new PlanError("plan-mismatch", {
    message: `${message}: a run of this plan does so with a chance of at most 1e${power}.`,
    value,
    expected: "values with the noise that the plan states",
    next: "The noise was not drawn as the plan says, or the ledger was changed. Do not rely on its epsilon.",
  });
}
