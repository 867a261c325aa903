import type { DirectionEngine } from "../directions/index.js";
import type { LedgerWriter } from "../ledger/index.js";
import type { Mask } from "../masks/index.js";
import type { Measurer } from "../measure/measure.js";
import { createMechanism, createNonPrivateMechanism } from "../mechanism/index.js";
import { stageLattice } from "../plan/noise.js";
import { type PlanStage, type RunPlan, stageSampling } from "../plan/plan.js";
import { applyStep, type ReplayState, stepStreams } from "../replay/replay.js";
import { enterStage } from "../replay/stage-state.js";
import { poissonSample, type RandomBytes } from "../sampling/index.js";
import { refuseDiverged } from "./diverged.js";
import { TrainError } from "./errors.js";
import { guarded } from "./guard.js";

/** What a run of steps needs; everything private is behind `measurer`. */
export interface StepsOptions {
  readonly plan: RunPlan;
  /** Weights as the ledger so far has made them; changed in place. */
  readonly state: ReplayState;
  readonly engine: DirectionEngine;
  readonly ledger: LedgerWriter;
  /**
   * The number of privacy units that may be sampled, which are records unless the plan names a column: private only
   * if it differs from the plan's public size. The measurer takes indices below it.
   */
  readonly records: number;
  /** Prepares the private side for one stage of the schedule, given that of the stage before. */
  readonly measurer: (
    stage: PlanStage,
    previous: Measurer | undefined,
    mask: Mask | undefined,
  ) => Promise<Measurer>;
  /** Secret randomness: membership and noise. The operating system's generator, except in tests. */
  readonly random: RandomBytes;
  /** Asked before each step; a step that has begun is always finished. */
  readonly stopRequested: () => boolean;
  /** Told after a step's release is on disk and applied. */
  readonly onStep?: (step: number) => void;
}

/**
 * Runs the steps that the ledger does not have yet: announce, sample, measure, release, append, apply.
 *
 * Guarantees:
 * - A step is announced on disk before its batch is drawn: whatever the batch makes of the process, the step is
 *   charged, and no second batch is drawn for it.
 * - A release is on disk before any weight moves or anything is shown (write-ahead).
 * - Every step draws a fresh Poisson sample and fresh noise, and is charged whether or not it completes.
 * - No private value leaves through a return value, a callback or an error.
 *
 * @see methods.md 1.6 (DP-AggZO's loop; K = 1 is DPZero's)
 */
export async function runSteps(options: StepsOptions): Promise<void> {
  const { plan, state, ledger } = options;
  refuseDiverged(
    state.weights,
    plan.stages.flatMap(({ tensors }) => tensors),
  );
  let prepared: PreparedStage | undefined;
  try {
    while (!ledger.isComplete && !options.stopRequested()) {
      const { index } = stageAt(plan, ledger.nextStep, ledger.nextStage);
      if (prepared?.index !== index) prepared = await prepareStage(options, index, prepared?.measurer);
      await runStep(options, prepared);
    }
  } finally {
    await prepared?.measurer.release();
  }
}

/** The stage of the schedule that steps are in, and its private side. */
interface PreparedStage {
  readonly index: number;
  readonly stage: PlanStage;
  readonly measurer: Measurer;
}

/** Enters a stage. The measurer of the one before frees its memory first; what it kept can still be used. */
async function prepareStage(
  { plan, state, engine, ledger, measurer: create }: StepsOptions,
  index: number,
  previous: Measurer | undefined,
): Promise<PreparedStage> {
  const { stage } = stageAt(plan, ledger.nextStep, index);
  enterStage(state, plan, index, engine);
  const mask = state.masks.get(index);
  await previous?.release();
  const measurer = await guarded("passes", () => create(stage, previous, mask));
  requireMask(measurer, mask, index);
  return { index, stage, measurer };
}

async function runStep(options: StepsOptions, { index, stage, measurer }: PreparedStage): Promise<void> {
  const { plan, state, engine, ledger, random } = options;
  const step = ledger.nextStep;
  const streams = stepStreams(plan, stage, step, state.weights, engine, state.masks.get(index));
  await ledger.beginStep(step, index);
  const batch = poissonSample(options.records, stageSampling(plan, stage), random);
  const differences = await guarded("passes", () => measurer.differences(batch, streams, stage.directions));
  const release = mechanismOf(plan, stage, state.clipThreshold, random);
  const values = await guarded("release", () => release(differences));
  const entry = await ledger.completeStep(values);
  applyStep(state, plan, entry, engine);

  options.onStep?.(step);
  refuseDiverged(state.weights, stage.tensors);
}

function stageAt(
  plan: RunPlan,
  step: number,
  index: number | undefined,
): { index: number; stage: PlanStage } {
  const stage = index === undefined ? undefined : plan.stages[index];
  if (index === undefined || stage === undefined) {
    throw new TrainError("step-outside-plan", { message: `Step ${step} is not in the plan.`, value: step });
  }
  return { index, stage };
}

/** Differences along other weights than those that are updated would be noise at full price. */
function requireMask(measurer: Measurer, mask: Mask | undefined, stage: number): void {
  if (measurer.mask === mask) return;
  throw new TrainError("mask-not-measured", {
    message: `The private side of stage ${stage} was prepared without the stage's mask.`,
    value: stage,
    next: "Pass on the mask that `measurer` is called with; `stageMeasure` has all that a stage needs.",
  });
}

/** Clips, sums and, but for a plan without privacy, noises a batch. */
type ReleaseBatch = (differences: readonly Float64Array[]) => readonly number[];

function mechanismOf(
  plan: RunPlan,
  stage: PlanStage,
  clipThreshold: number,
  random: RandomBytes,
): ReleaseBatch {
  const { mechanism } = plan;
  const lattice = stageLattice(plan, stage, clipThreshold);
  switch (mechanism.kind) {
    case "discrete-gaussian": {
      const { standardDeviation } = mechanism;
      const gaussian = createMechanism({ ...lattice, standardDeviation }, random);
      return (differences) => gaussian.release(differences).values;
    }
    case "discrete-laplace": {
      const laplace = createMechanism({ ...lattice, scale: mechanism.scale }, random);
      return (differences) => laplace.release(differences).values;
    }
    case "none": {
      const none = createNonPrivateMechanism({ ...lattice, clips: false });
      return (differences) => none.release(differences).values;
    }
  }
}
