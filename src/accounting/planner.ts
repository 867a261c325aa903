import { calibrateNoiseMultiplier, type PrivacyTarget } from "./calibrate.js";
import { AccountingError } from "./errors.js";

/** What a run may cost and must guarantee. */
export interface PlanningQuestion extends PrivacyTarget {
  /** Public number of records, n. */
  readonly records: number;
  /** Compute budget: forward passes of one record, in all (a step costs 2 K batch of them). */
  readonly forwardPasses: number;
  /** Directions that are considered; powers of two up to 256 unless told. */
  readonly directions?: readonly number[];
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

const batches = [8, 16, 32, 64, 128, 256, 512, 1024];
const lengths = [50, 100, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000, 20_000];
const usualDirections = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Share of the clip that the mean difference of a batch keeps; 0.3 is what the measured K* of methods.md 4 implies. */
const alignment = 0.3;

/**
 * Chooses sampling rate, steps, directions and noise for a privacy target and a compute budget.
 *
 * The prediction: with the noise calibrated, sqrt(T) B / sigma measures what privacy leaves of the signal, and it
 * nears a ceiling in B and T alike; K directions divide the variance of the directions themselves by K, which is
 * worth it up to about K* = (alignment * B / sigma)^2. The two variances add:
 * predicted = sqrt(T) / sqrt(1 / K + (sigma / (alignment B))^2).
 *
 * @throws {AccountingError} `bad-argument`, or `unreachable-target` when the budget pays for no alternative.
 * @see reference methods.md, section 4 (measured ratios; marked there as inference: the formula for K*)
 */
export function planner(question: PlanningQuestion): PlannerAnswer {
  check(question);
  const { records, forwardPasses } = question;
  const rows: Omit<Alternative, "predicted" | "because">[] = [];
  for (const batch of batches.filter((size) => size <= records / 2)) {
    for (const steps of lengths) {
      const directions = affordable(question, forwardPasses / (2 * batch * steps));
      if (directions === undefined) continue;
      const samplingRate = batch / records;
      const noiseMultiplier = calibrateNoiseMultiplier({ ...question, samplingRate, steps, relative: 1e-3 });
      rows.push({
        samplingRate,
        batch,
        steps,
        directions,
        noiseMultiplier,
        forwardPasses: 2 * batch * steps * directions,
        privacyRatio: (Math.sqrt(steps) * batch) / noiseMultiplier,
      });
    }
  }
  return answer(question, rows);
}

/** The largest number of directions the budget pays for. */
function affordable({ directions = usualDirections }: PlanningQuestion, most: number): number | undefined {
  const possible = directions.filter((count) => count <= most);
  return possible.length === 0 ? undefined : Math.max(...possible);
}

function answer(
  question: PlanningQuestion,
  rows: readonly Omit<Alternative, "predicted" | "because">[],
): PlannerAnswer {
  if (rows.length === 0) {
    throw new AccountingError("unreachable-target", {
      message: `${question.forwardPasses} forward passes pay for no run that is worth planning.`,
      value: question.forwardPasses,
      expected: `at least ${2 * 8 * 50}, and at least 16 records`,
    });
  }
  const ceiling = Math.max(...rows.map((row) => row.privacyRatio));
  const worth = rows.map((row) => {
    const noise = row.noiseMultiplier / (alignment * row.batch);
    return Math.sqrt(row.steps / (1 / row.directions + noise * noise));
  });
  const most = Math.max(...worth);
  const alternatives = rows
    .map((row, i) => {
      const predicted = (worth[i] as number) / most;
      return { ...row, predicted, because: sentence(row, ceiling) };
    })
    .sort((a, b) => b.predicted - a.predicted || a.forwardPasses - b.forwardPasses);
  // Among those within one per cent of the best, the cheapest.
  const near = alternatives.filter((row) => row.predicted > 0.99);
  const best = near.reduce((a, b) => (b.forwardPasses < a.forwardPasses ? b : a));
  return { best, alternatives, ceiling, explanation: explain(best, ceiling) };
}

function sentence(row: Omit<Alternative, "predicted" | "because">, ceiling: number): string {
  const share = Math.round((100 * row.privacyRatio) / ceiling);
  return `${share} % of the best privacy ratio, ${row.directions} directions, ${row.forwardPasses} forward passes.`;
}

function explain(best: Alternative, ceiling: number): string {
  const share = Math.round((100 * best.privacyRatio) / ceiling);
  return (
    `Sample each record with probability ${best.samplingRate.toPrecision(3)} (about ${best.batch} a step), ` +
    `take ${best.steps} steps with ${best.directions} directions each and noise multiplier ` +
    `${best.noiseMultiplier.toPrecision(4)}. Batch and steps reach ${share} % of what privacy allows here; ` +
    "more of either would hardly help, so the rest of the budget goes into directions."
  );
}

function check({ records, forwardPasses }: PlanningQuestion): void {
  for (const [name, value] of Object.entries({ records, forwardPasses })) {
    if (!(typeof value === "number" && value >= 1 && value <= Number.MAX_SAFE_INTEGER)) {
      throw new AccountingError("bad-argument", {
        message: `${name} is ${String(value)}.`,
        value,
        expected: "a number of at least 1",
      });
    }
  }
}
