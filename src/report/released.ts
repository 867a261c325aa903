import type { LedgerEntry } from "../ledger/index.js";
import { type LatticeStage, type Plan, type PlanStage, stageUnit, valueCount } from "../plan/index.js";
import { chiSquareQuantile } from "./chi-square.js";
import { ReportError } from "./errors.js";
import { type NoiseModel, noiseModel } from "./noise.js";

/** The part of a plan that says how loud the noise is and which steps there are. */
export interface ReleasePlan {
  readonly mechanism: Plan["mechanism"];
  readonly stages: readonly (LatticeStage & Pick<PlanStage, "steps">)[];
}

/** What is shown of one step: all from its released values, so nothing here costs privacy. */
export interface StepStatistic {
  readonly step: number;
  readonly stage: number;
  /** The value (K = 1 throughout) or the root mean square of the K values, in real units. */
  readonly value: number;
  /** Whether it lies outside the band that 95 % of pure noise keeps. */
  readonly isOutside: boolean;
}

/** One stage's share of the releases. */
export interface StageStatistic {
  /** First and last step that the plan gives to the stage. */
  readonly first: number;
  readonly last: number;
  /** Central 95 % of a step's statistic under noise alone, in real units. */
  readonly band: readonly [low: number, high: number];
  readonly released: number;
  readonly lost: number;
  readonly outside: number;
  /** K, and sum of squares of the standardised values (1 each on average under noise alone). */
  readonly directions: number;
  readonly sumOfSquares: number;
}

/** Everything the pictures of released values need. */
export interface ReleasedSummary {
  /** `value` when every stage has K = 1, `rms` otherwise. */
  readonly kind: "value" | "rms";
  readonly steps: readonly StepStatistic[];
  readonly lostSteps: readonly number[];
  readonly stages: readonly StageStatistic[];
  readonly noise: NoiseModel;
  /** Whether a clip follows a quantile, so that a step's unit is not its stage's. */
  readonly isClipAdaptive: boolean;
}

/**
 * Sets the released values against the noise that was added to them.
 *
 * A coordinate's noise has standard deviation S * c / N in real units (for one clip of the vector). The root mean
 * square of K such coordinates times sqrt(K) over it follows a chi distribution, whose central 95 % is the band. Where the
 * clip follows a quantile, real units are those of the clip with which the stage starts, so the band does not move.
 *
 * @throws {ReportError} `entry-outside-plan` when a step or stage is not the plan's, or K is wrong.
 */
export function summariseReleases(plan: ReleasePlan, entries: readonly LedgerEntry[]): ReleasedSummary {
  const kind = plan.stages.every(({ directions }) => directions === 1) ? "value" : "rms";
  const noise = noiseModel(plan.mechanism);
  const stages = emptyStages(plan, noise, kind);
  const steps: StepStatistic[] = [];
  const lostSteps: number[] = [];
  for (const entry of entries) {
    const stage = stageOf(plan, entry, stages);
    if (entry.values === undefined) {
      lostSteps.push(entry.step);
      stage.lost += 1;
      continue;
    }
    const differences = differencesOf(plan, entry.stage, entry.values);
    const sumOfSquares = standardisedSquares(differences, noise.standardDeviation);
    const value = statisticOf(differences, unitOf(plan, entry.stage), kind);
    const isOutside = value < stage.band[0] || value > stage.band[1];
    steps.push({ step: entry.step, stage: entry.stage, value, isOutside });
    stage.released += 1;
    stage.outside += isOutside ? 1 : 0;
    stage.sumOfSquares += sumOfSquares;
  }
  const isClipAdaptive = plan.stages.some(({ adaptiveClip }) => adaptiveClip !== undefined);
  return { kind, steps, lostSteps, stages, noise, isClipAdaptive };
}

type MutableStage = { -readonly [Key in keyof StageStatistic]: StageStatistic[Key] };

function emptyStages(plan: ReleasePlan, noise: NoiseModel, kind: ReleasedSummary["kind"]): MutableStage[] {
  let last = 0;
  return plan.stages.map(({ steps, directions }, index) => {
    const first = last + 1;
    last += steps;
    const deviation = noise.standardDeviation * unitOf(plan, index);
    const band = noiseBand(directions, deviation, kind, noise.reach);
    return { first, last, band, directions, released: 0, lost: 0, outside: 0, sumOfSquares: 0 };
  });
}

/** The central 95 % of a step's statistic when there is nothing but noise of the given standard deviation. */
export function noiseBand(
  directions: number,
  standardDeviation: number,
  kind: ReleasedSummary["kind"],
  reach: number,
): readonly [low: number, high: number] {
  if (kind === "value") return [-reach * standardDeviation, reach * standardDeviation];
  const edge = (probability: number): number =>
    standardDeviation * Math.sqrt(chiSquareQuantile(directions, probability) / directions);
  return [edge(0.025), edge(0.975)];
}

/** The released values without the count that a clip follows. */
export function differencesOf(
  plan: ReleasePlan,
  stage: number,
  values: readonly number[],
): readonly number[] {
  return values.slice(0, plan.stages[stage]?.directions);
}

/** One lattice unit in real units, at the clip threshold with which the stage starts. */
function unitOf(plan: ReleasePlan, index: number): number {
  const stage = plan.stages[index];
  return stage === undefined ? NaN : stageUnit(plan, stage);
}

function statisticOf(values: readonly number[], unit: number, kind: ReleasedSummary["kind"]): number {
  if (kind === "value") return (values[0] ?? NaN) * unit;
  const squares = values.reduce((sum, value) => sum + (value * unit) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

function standardisedSquares(values: readonly number[], standardDeviation: number): number {
  return values.reduce((sum, value) => sum + (value / standardDeviation) ** 2, 0);
}

function stageOf(
  plan: ReleasePlan,
  { step, stage, values }: LedgerEntry,
  stages: readonly MutableStage[],
): MutableStage {
  const found = stages[stage];
  const planned = plan.stages[stage];
  if (found === undefined || !(step >= found.first && step <= found.last)) {
    throw new ReportError("entry-outside-plan", {
      message: `The ledger has step ${step} in stage ${stage}, the plan does not.`,
      value: { step, stage },
      next: "Run dpzo verify on the ledger.",
    });
  }
  const length = planned === undefined ? 0 : valueCount(planned);
  if (values !== undefined && values.length !== length) {
    throw new ReportError("entry-outside-plan", {
      message: `Step ${step} of the ledger has ${values.length} values.`,
      value: values.length,
      expected: `${length}, as the plan has it for stage ${stage}`,
      next: "Run dpzo verify on the ledger.",
    });
  }
  return found;
}
