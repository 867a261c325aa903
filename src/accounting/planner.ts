import { calibrateNoiseMultiplier, type PrivacyTarget } from "./calibrate.js";
import { AccountingError } from "./errors.js";
import { gaussianLogDelta } from "./gaussian-exact.js";

/** What a run may cost and must guarantee. */
export interface PlanningQuestion extends PrivacyTarget {
  /** Public number of records, n. */
  readonly records: number;
  /** Compute budget: forward passes of one record, in all (a step costs 2 K batch of them). */
  readonly forwardPasses: number;
  /** Directions that are considered; powers of two up to 256 unless told. */
  readonly directions?: readonly number[];
  /** Mean difference over the clip threshold, above 0, at most 1; 0.1 unless told: an assumption. */
  readonly alignment?: number;
}

/** One way to spend the budget. */
export interface Alternative {
  readonly samplingRate: number;
  /** Expected batch, q n. */
  readonly batch: number;
  readonly steps: number;
  /** Directions a step, K: one release of a K-vector under one clip. */
  readonly directions: number;
  readonly noiseMultiplier: number;
  readonly forwardPasses: number;
  /** sqrt(T) B / sigma: signal to noise of one direction over the run, in clip thresholds. */
  readonly privacyRatio: number;
  /** Predicted signal to noise with all directions, relative to the best alternative (which has 1). */
  readonly predicted: number;
  /** One sentence in plain words. */
  readonly because: string;
}

/** The best alternative, and the table it was chosen from, best first. */
export interface PlannerAnswer {
  readonly best: Alternative;
  readonly alternatives: readonly Alternative[];
  readonly ceiling: number;
  readonly explanation: string;
}

const usualDirections = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const lengths = [50, 100, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000, 20_000];
/** Alternatives that are calibrated and shown. */
const shown = 8;

/**
 * Chooses sampling rate, steps, directions and noise for a privacy target and a compute budget.
 *
 * The prediction, in units of the squared mean directional derivative: a step's estimate of the gradient has variance
 * (1 + 1 / (a^2 B)) / K from the directions and the batch, and (sigma / (a B))^2 from the noise, so over T steps
 *
 *   signal / noise = sqrt(T / ((1 + 1 / (a^2 B)) / K + (sigma / (a B))^2)).
 *
 * Its last term alone gives a sqrt(T) B / sigma, which nears a ceiling in B and T alike; directions are worth their
 * price up to about K* = (a B / sigma)^2.
 *
 * Guarantees:
 * - every alternative shown keeps (epsilon, delta), by a noise multiplier calibrated on the safe side
 * - none costs more than the budget
 *
 * What it cannot know is `alignment`, a: the mean difference over the clip threshold. It depends on model, task and
 * progress; the order of the alternatives is a prediction, not a promise.
 *
 * @throws {AccountingError} `bad-argument`, or `unreachable-target` when the budget pays for no alternative.
 * @see reference methods.md, section 4, points 1 and 6 (the formula for K* is marked there as inference)
 * @example
 * planner({ records: 8000, epsilon: 4, delta: 1e-5, forwardPasses: 2e7 }).best;
 */
export function planner(question: PlanningQuestion): PlannerAnswer {
  check(question);
  const { records, forwardPasses, alignment = usualAlignment } = question;
  const strength = gaussianStrength(question);
  const rows = candidates(question).map(({ batch, steps, directions }) => {
    const noiseMultiplier = roughNoise(strength, batch / records, steps);
    return {
      batch,
      steps,
      directions,
      noiseMultiplier,
      worth: worthOf(batch, steps, directions, noiseMultiplier, alignment),
    };
  });
  if (rows.length === 0) {
    throw new AccountingError("unreachable-target", {
      message: `${forwardPasses} forward passes pay for no run that is worth planning.`,
      value: forwardPasses,
      expected: `at least ${2 * leastBatch * (lengths[0] as number)}, and at least ${2 * leastBatch} records`,
    });
  }
  const ceiling = Math.max(...rows.map((row) => (Math.sqrt(row.steps) * row.batch) / row.noiseMultiplier));
  const best = rows.sort((a, b) => b.worth - a.worth).slice(0, shown);
  const calibrated = best.map((row) => calibratedRow(question, row, alignment));
  const most = Math.max(...calibrated.map(({ worth }) => worth));
  const alternatives = calibrated
    .map(({ worth, ...row }) => ({ ...row, predicted: worth / most, because: sentence(row, ceiling) }))
    .sort((a, b) => b.predicted - a.predicted || a.forwardPasses - b.forwardPasses);
  // Steps and directions trade one for one in the formula, but every step has a price of its own.
  const near = alternatives.filter((row) => row.predicted >= nearlyBest);
  const chosen = near.reduce((a, b) => (b.steps < a.steps ? b : a));
  return { best: chosen, alternatives, ceiling, explanation: explain(chosen, ceiling) };
}

/** Among alternatives at least this good the one with the fewest steps is chosen. */
const nearlyBest = 0.97;
const leastBatch = 8;
/** A few per cent of the clip: differences of single records mostly cancel in the mean. */
const usualAlignment = 0.1;

interface Candidate {
  readonly batch: number;
  readonly steps: number;
  readonly directions: number;
}

/** Every affordable batch and number of steps, with as many directions as the budget pays for. */
function candidates({ records, forwardPasses, directions = usualDirections }: PlanningQuestion): Candidate[] {
  const found: Candidate[] = [];
  for (let batch = leastBatch; batch <= records / 2; batch *= 2) {
    for (const steps of lengths) {
      const affordable = directions.filter((count) => 2 * batch * steps * count <= forwardPasses);
      if (affordable.length > 0) found.push({ batch, steps, directions: Math.max(...affordable) });
    }
  }
  return found;
}

function worthOf(batch: number, steps: number, directions: number, noise: number, alignment: number): number {
  const directionsAndBatch = (1 + 1 / (alignment * alignment * batch)) / directions;
  const privacy = noise / (alignment * batch);
  return Math.sqrt(steps / (directionsAndBatch + privacy * privacy));
}

/** The Gaussian mechanism that has the target's (epsilon, delta): its sensitivity over sigma. */
function gaussianStrength({ epsilon, delta }: PrivacyTarget): number {
  let low = 1e-9;
  let high = 1e3;
  for (let i = 0; i < 100; i += 1) {
    const middle = Math.sqrt(low * high);
    if (gaussianLogDelta(epsilon, middle) > Math.log(delta)) high = middle;
    else low = middle;
  }
  return low;
}

/** Noise by the central limit of Poisson sampled Gaussians: steers the search, proves nothing. @see Dong et al. 2022 */
function roughNoise(strength: number, samplingRate: number, steps: number): number {
  return 1 / Math.sqrt(Math.log1p((strength / samplingRate) ** 2 / steps));
}

function calibratedRow(
  question: PlanningQuestion,
  { batch, steps, directions }: Candidate,
  alignment: number,
): Omit<Alternative, "predicted" | "because"> & { readonly worth: number } {
  const samplingRate = batch / question.records;
  const { epsilon, delta } = question;
  const noiseMultiplier = calibrateNoiseMultiplier({ epsilon, delta, samplingRate, steps, relative: 1e-3 });
  return {
    samplingRate,
    batch,
    steps,
    directions,
    noiseMultiplier,
    forwardPasses: 2 * batch * steps * directions,
    privacyRatio: (Math.sqrt(steps) * batch) / noiseMultiplier,
    worth: worthOf(batch, steps, directions, noiseMultiplier, alignment),
  };
}

function sentence(
  row: Pick<Alternative, "privacyRatio" | "directions" | "forwardPasses">,
  ceiling: number,
): string {
  const share = Math.min(100, Math.round((100 * row.privacyRatio) / ceiling));
  return `${share} % of the best privacy ratio, ${row.directions} directions, ${row.forwardPasses} forward passes.`;
}

function explain(best: Alternative, ceiling: number): string {
  const share = Math.min(100, Math.round((100 * best.privacyRatio) / ceiling));
  const rest =
    share >= 90
      ? "more of either would hardly help, so the rest of the budget goes into directions."
      : "more forward passes would bring more of it.";
  return (
    `Sample each record with probability ${best.samplingRate.toPrecision(3)} (about ${best.batch} a step), ` +
    `take ${best.steps} steps with ${best.directions} directions each and noise multiplier ` +
    `${best.noiseMultiplier.toPrecision(4)}. Batch and steps reach ${share} % of what privacy allows here; ${rest}`
  );
}

function check({ records, forwardPasses, alignment = usualAlignment }: PlanningQuestion): void {
  for (const [name, value] of Object.entries({ records, forwardPasses })) {
    if (!(typeof value === "number" && value >= 1 && value <= Number.MAX_SAFE_INTEGER)) {
      throw badArgument(name, value, "a number of at least 1");
    }
  }
  if (!(alignment > 0 && alignment <= 1))
    throw badArgument("alignment", alignment, "a number above 0, at most 1");
}

function badArgument(name: string, value: number, expected: string): AccountingError {
  return new AccountingError("bad-argument", { message: `${name} is ${String(value)}.`, value, expected });
}
