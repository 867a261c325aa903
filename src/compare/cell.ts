import { MemoryLedgerFile, openLedger } from "../ledger/index.js";
import {
  isPrivate,
  makeNonPrivatePlan,
  makePlan,
  noiseMultiplierOf,
  type PlanInputs,
  planSchedule,
  releaseSchedule,
  type RunPlan,
  stageSampling,
  type TrainConfig,
  trainConfigSchema,
} from "../plan/index.js";
import { withAdapter } from "../model/index.js";
import { initialState } from "../replay/index.js";
import { operatingSystemRandom } from "../sampling/index.js";
import { ScheduleError, totalSteps } from "../schedule/index.js";
import { planTask, runSteps, stageMeasure } from "../train/index.js";
import { CompareError } from "./errors.js";
import { type CostedStage, countPasses, type Passes } from "./forward-passes.js";
import { mostSteps } from "./most-steps.js";
import type { Candidate } from "./settings.js";
import type { Score, Workbench } from "./workbench.js";

/** What one run of a comparison is. */
export interface CellRequest {
  /** Absent: the base weights as they are. */
  readonly candidate?: Candidate;
  /** Absent for a method without privacy. */
  readonly epsilon?: number;
  readonly delta: number;
  /** Seed of the directions; sampling and noise come from the system in every run. */
  readonly seed: number;
  /** Most forward passes of the run; steps are lowered to keep within. */
  readonly forwardPasses?: number;
  readonly split: "dev" | "test";
}

/** What came of it. */
export interface CellResult extends Passes {
  readonly score: Score;
  readonly steps: number;
  readonly directions: number;
  /** The plan's epsilon, at most the one asked for. */
  readonly epsilon?: number;
  readonly noiseMultiplier?: number;
  readonly seconds: number;
}

/** How a comparison hears of a run's progress, and how it stops one. */
export interface CellWatch {
  readonly stopRequested: () => boolean;
  readonly onStep: (step: number, steps: number) => void;
  readonly onEncoding: (done: number, total: number) => void;
}

/**
 * One run from the base weights through the library's own plan, mechanism, ledger and update, and its score.
 *
 * @throws {CompareError} `stopped` where a stop was asked for, `budget-too-small`; {PlanError} for settings that
 *   contradict each other.
 */
export async function runCell(bench: Workbench, request: CellRequest, watch: CellWatch): Promise<CellResult> {
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 100) / 10;
  if (request.candidate === undefined) {
    bench.reset();
    const score = await bench.score(request.split);
    return { score, steps: 0, directions: 0, lossEvaluations: 0, forwardPasses: 0, seconds: seconds() };
  }
  const plan = planWithin(bench, request, request.candidate);
  const { engine, splits } = bench;
  const model = await bench.begin(plan);
  const ledger = await openLedger(new MemoryLedgerFile(), plan, releaseSchedule(plan));
  const state = initialState(model.weights, model.description);
  const steps = totalSteps(plan.stages);
  await runSteps({
    plan,
    state,
    engine,
    ledger,
    records: splits.train.length,
    measurer: (stage, _before, mask) =>
      bench.measurer(stageMeasure({ plan, state, stage, mask, engine }), watch.onEncoding),
    random: operatingSystemRandom,
    stopRequested: watch.stopRequested,
    onStep: (step) => {
      watch.onStep(step, steps);
    },
  });
  if (!ledger.isComplete) throw new CompareError("stopped", { message: "The comparison was stopped." });
  const score = await bench.score(request.split);
  return {
    score,
    ...passesOf(bench, plan),
    steps,
    directions: Math.max(...plan.stages.map(({ directions }) => directions)),
    ...(isPrivate(plan) && {
      epsilon: plan.privacy.epsilon,
      noiseMultiplier: noiseMultiplierOf(plan.mechanism),
    }),
    seconds: seconds(),
  };
}

/** The plan of a request, with as many of its steps as the forward passes allow. */
function planWithin(bench: Workbench, request: CellRequest, candidate: Candidate): RunPlan {
  const { epsilon, delta, seed } = request;
  const asked = trainConfigSchema.parse({
    ...candidate,
    delta,
    seed,
    ...(epsilon !== undefined && { epsilon }),
  });
  const config = { ...asked, steps: stepsWithin(bench, asked, request.forwardPasses) };
  const inputs = planInputs(bench, config);
  return config.method === "mezo" ? makeNonPrivatePlan(inputs) : makePlan(inputs);
}

/** As many of the steps asked for as the forward passes allow. */
function stepsWithin(bench: Workbench, config: TrainConfig, forwardPasses = Infinity): number {
  const steps = mostSteps(config.steps, (count) => {
    const passes = passesOfSchedule(bench, config, count);
    return passes !== undefined && passes.forwardPasses <= forwardPasses;
  });
  if (steps !== undefined) return steps;
  throw new CompareError("budget-too-small", {
    message: `${forwardPasses} forward passes are fewer than ${config.method} needs, or its stages cannot share its steps.`,
    value: forwardPasses,
    next: "Give more --forward-passes, or more steps in the settings.",
  });
}

/** What a number of steps would cost; nothing where the stages cannot share them. */
function passesOfSchedule(bench: Workbench, config: TrainConfig, steps: number): Passes | undefined {
  try {
    return passesOf(bench, planSchedule(planInputs(bench, { ...config, steps })));
  } catch (error) {
    if (error instanceof ScheduleError) return undefined;
    throw error;
  }
}

function passesOf(
  { model, splits, lengths }: Workbench,
  plan: Pick<RunPlan, "sampling" | "stages" | "adapter">,
): Passes {
  const { adapter } = plan;
  const description = adapter === undefined ? model.description : withAdapter(model.description, adapter);
  const modelStages = description.stages(model.task.objective);
  const options = { description, modelStages, ...lengths, publicSize: splits.train.length };
  const stages = plan.stages.map((stage): CostedStage => ({
    ...stage,
    expectedBatch: stageSampling(plan, stage).expectedBatch,
  }));
  return countPasses(options, stages);
}

function planInputs({ model, baseDigest, splits }: Workbench, config: TrainConfig): PlanInputs {
  return {
    config,
    description: model.description,
    baseDigest,
    task: planTask(model),
    publicSize: splits.train.length,
    random: operatingSystemRandom,
  };
}
