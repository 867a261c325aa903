import { type Checkpoint, overflowingTensors } from "../checkpoint/index.js";
import { createDirectionEngine, type DirectionEngine } from "../directions/index.js";
import type { FolderWriter } from "../files.js";
import {
  type LedgerFile,
  type MarkStore,
  openLedger,
  type Opening,
  readLedgerPlan,
} from "../ledger/index.js";
import type { Mask } from "../masks/index.js";
import { Measurer } from "../measure/measure.js";
import { loadModel } from "../model/load.js";
import type { TaskConfig, TrainConfig } from "../plan/config.js";
import { PlanError } from "../plan/errors.js";
import { makeNonPrivatePlan, makePlan, type PlanInputs } from "../plan/make-plan.js";
import { releaseSchedule } from "../plan/noise.js";
import type { PlanStage, RunPlan } from "../plan/plan.js";
import { planIdentity, readPlan, readRunPlan } from "../plan/read-plan.js";
import { planUnit } from "../plan/unit.js";
import { type MaskSummary, maskSummaries } from "../replay/mask-summary.js";
import { wideningWords, writeModelFolder } from "../replay/model-folder.js";
import { initialState, replay, type ReplayState, type Weights } from "../replay/replay.js";
import type { InferenceRuntime } from "../runtime/runtime.js";
import { operatingSystemRandom, type RandomBytes } from "../sampling/index.js";
import { totalSteps } from "../schedule/stages.js";
import { type Example, type TaskRecord } from "../tasks/index.js";
import { type CheckedLedger, checkLedger, type VerifiedLedger, verifyLedger } from "../verify/verify.js";
import { adaptModel } from "./adapt-model.js";
import { type AdaptedWeights, checkWritten } from "./check-written.js";
import { evaluate, type TaskMetrics } from "./evaluate.js";
import { refuseSameRecords } from "./evaluation-set.js";
import { guarded } from "./guard.js";
import { planTask, type PreparedModel, prepareModel, readExamples } from "./prepare.js";
import { type PrivateExamples, readPrivateExamples } from "./private-examples.js";
import { stageMeasure } from "./stage-measure.js";
import { runSteps } from "./steps.js";

/** What a run tells while it works; public values only. */
export type TrainEvent =
  | { readonly kind: "remark"; readonly words: string }
  | {
      readonly kind: "plan";
      readonly plan: RunPlan;
      readonly resumedSteps: number;
      readonly opening: Opening;
    }
  | { readonly kind: "encoding"; readonly fraction: number }
  | {
      readonly kind: "evaluating";
      readonly what: "zero-shot" | "final";
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: "zero-shot"; readonly metrics: TaskMetrics }
  | { readonly kind: "step"; readonly step: number; readonly steps: number; readonly stage: number };

/** Where a run reads and writes. The caller holds the run folder's lock. */
export interface RunFiles {
  readonly ledger: LedgerFile;
  /** What this machine has seen of runs. Without it a shortened or copied ledger is believed as it stands. */
  readonly marks?: MarkStore;
  /** The folder of the fine-tuned checkpoint. */
  readonly model: FolderWriter;
  /** Opens what was written to `model`. */
  readonly reopen: () => Promise<Checkpoint>;
}

/** A whole run: base, task, private records, plan's configuration, and where it goes. */
export interface TrainRequest {
  readonly base: Checkpoint;
  readonly runtime: InferenceRuntime;
  readonly task: TaskConfig;
  readonly config: TrainConfig;
  /** The private records; each tells its `unit` where `config.unit` names a column. */
  readonly records: AsyncIterable<TaskRecord>;
  /** A public test set, evaluated before and after. */
  readonly evaluation?: AsyncIterable<TaskRecord>;
  readonly files: RunFiles;
  /** Charges steps that this machine has seen begin and the ledger lacks, instead of refusing. Default: false. */
  readonly chargeLostSteps?: boolean;
  readonly stopRequested?: () => boolean;
  readonly onEvent?: (event: TrainEvent) => void;
}

/** What any run came to. */
export interface RunResult<Ledger extends CheckedLedger = CheckedLedger> {
  readonly finished: boolean;
  readonly verified: Ledger;
  /** The masks that were used, by stage; they are functions of base, plan and ledger. */
  readonly masks: readonly MaskSummary[];
  readonly zeroShot?: TaskMetrics;
  /** Of the checkpoint as written; absent when the run was stopped before its last step. */
  readonly final?: TaskMetrics;
}

/** What a private run came to. */
export type TrainResult = RunResult<VerifiedLedger>;

/** Randomness of a run: the operating system's, except in tests, which import this module directly. */
export interface RunRandomness {
  readonly secret: RandomBytes;
}

/**
 * Fine-tunes a checkpoint under a privacy budget, or goes on with a run that was stopped or killed.
 *
 * Guarantees:
 * - The plan and its epsilon stand in the ledger before a record is measured; the budget is never exceeded.
 * - A run is resumed by the same request on the same files: what the ledger holds is replayed, never redone.
 * - Nothing private reaches the ledger, an event, the result or an error.
 * - The result is of the very ledger that this call wrote: one that was put in its place is an error, and kept aside.
 *
 * @throws {PlanError} `plan-mismatch` if the ledger was begun with another configuration; `not-private` for mezo; every
 *   error of {@link prepareModel} and {@link makePlan}.
 */
export function train(
  request: TrainRequest,
  randomness: RunRandomness = { secret: operatingSystemRandom },
): Promise<TrainResult> {
  return run(request, randomness, { makePlan, readPlan, read: verifyLedger });
}

/**
 * Fine-tunes a checkpoint with mezo, **without any privacy**: no clip and no noise. Nothing of it states an epsilon.
 *
 * The ledger holds unnoised sums over the records: keep it as private as they are.
 *
 * @throws {PlanError} `contradictory-settings` for a private method, and as {@link train}.
 */
export function trainWithoutPrivacy(
  request: TrainRequest,
  randomness: RunRandomness = { secret: operatingSystemRandom },
): Promise<RunResult> {
  return run(request, randomness, {
    makePlan: makeNonPrivatePlan,
    readPlan: readRunPlan,
    read: checkLedger,
  });
}

/** How plans are made and ledgers read, with privacy and without. */
interface Way<AnyPlan extends RunPlan, Ledger extends CheckedLedger> {
  readonly makePlan: (inputs: PlanInputs) => AnyPlan;
  readonly readPlan: (value: unknown) => RunPlan;
  readonly read: (bytes: Uint8Array) => Ledger;
}

async function run<AnyPlan extends RunPlan, Ledger extends CheckedLedger>(
  request: TrainRequest,
  randomness: RunRandomness,
  way: Way<AnyPlan, Ledger>,
): Promise<RunResult<Ledger>> {
  const { base, config, files, onEvent } = request;
  const model = await prepareModel(base, request.runtime, request.task);
  for (const words of model.remarks) onEvent?.({ kind: "remark", words });
  const examples = await guarded("reading", () =>
    readPrivateExamples(model.task, request.records, config.unit),
  );
  const publicTest = request.evaluation && (await readExamples(model.task, request.evaluation));
  refuseSameRecords(examples.examples, publicTest ?? []);

  const fresh = way.makePlan({
    config,
    description: model.description,
    baseDigest: await base.digest(),
    task: planTask(model),
    publicSize: config.publicSize ?? examples.size,
    random: randomness.secret,
  });
  const recorded = readLedgerPlan(await files.ledger.readAll());
  const plan = recorded === undefined ? fresh : samePlan(fresh, way.readPlan(recorded), config);
  const { marks } = files;
  const { chargeLostSteps = false } = request;
  const ledger = await openLedger(files.ledger, plan, releaseSchedule(plan), { marks, chargeLostSteps });
  const { opening } = ledger;
  onEvent?.({ kind: "plan", plan, resumedSteps: ledger.entries.length, opening });

  const zeroShot = publicTest && (await evaluation(model, publicTest, model.weights, "zero-shot", onEvent));
  if (zeroShot) onEvent?.({ kind: "zero-shot", metrics: zeroShot });

  const engine = createDirectionEngine();
  const trainable = await adaptModel(model, plan, engine);
  const state = initialState(trainable.weights, trainable.description);
  replay(state, plan, ledger.entries, engine);
  await runSteps({
    plan,
    state,
    engine,
    ledger,
    records: examples.size,
    measurer: (stage, previous, mask) =>
      measurerFor({ model: trainable, engine, plan, state, stage, mask, examples, previous, onEvent }),
    random: randomness.secret,
    stopRequested: request.stopRequested ?? (() => false),
    onStep: (step) => {
      onEvent?.({ kind: "step", step, steps: totalSteps(plan.stages), stage: state.anchorStage });
    },
  });
  const finished = ledger.isComplete;
  const bytes = await ledger.readBack();
  const verified = way.read(bytes);
  const masks = maskSummaries(state);
  if (!finished) return { finished, verified, masks, ...(zeroShot && { zeroShot }) };

  const merged = await writeModelFolder(files.model, base, state.weights, verified, bytes);
  for (const words of wideningRemarks(base, merged)) onEvent?.({ kind: "remark", words });
  const { adapter } = trainable.description;
  const tensors = adapter !== undefined && "modules" in adapter ? adapter.tensors : [];
  const written = await reloadWritten(files, model, state.weights, { merged, tensors });
  const final = publicTest && (await evaluation(written, publicTest, written.weights, "final", onEvent));
  return { finished, verified, masks, ...(zeroShot && { zeroShot }), ...(final && { final }) };
}

/** What a reader should know of a result that its base's dtype cannot hold. */
function wideningRemarks(base: Checkpoint, changed: ReadonlyMap<string, Float32Array>): readonly string[] {
  const names = overflowingTensors(base, changed);
  return names.length === 0 ? [] : [wideningWords(names)];
}

/** The recorded plan, to go on with, if it is the same run as the fresh one. */
function samePlan(fresh: RunPlan, plan: RunPlan, config: TrainConfig): RunPlan {
  const sameSeed = config.seed === undefined || plan.directions.runSeed === fresh.directions.runSeed;
  if (planIdentity(plan) === planIdentity(fresh) && sameSeed) return plan;
  throw new PlanError("plan-mismatch", {
    message: "The folder holds a run with another plan.",
    value: firstDifference(plan, fresh),
    expected: "the configuration, checkpoint and number of records or units the run was begun with",
    next: `They differ in ${firstDifference(plan, fresh)}. Repeat the first command, or give another --out.`,
  });
}

function firstDifference(a: RunPlan, b: RunPlan): string {
  // Another unit changes the sampling as well, which would say less.
  if (JSON.stringify(planUnit(a)) !== JSON.stringify(planUnit(b))) return "privacy.unit";
  // Privacy and mechanism follow from the others, so they come last.
  const keys = [
    "base",
    "task",
    "sampling",
    "stages",
    "directions",
    "adapter",
    "method",
    "privacy",
    "mechanism",
  ] as const;
  return keys.find((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key])) ?? "nothing";
}

function measurerFor(setting: {
  readonly model: PreparedModel;
  readonly engine: DirectionEngine;
  readonly plan: RunPlan;
  readonly state: ReplayState;
  readonly stage: PlanStage;
  readonly mask: Mask | undefined;
  readonly examples: PrivateExamples;
  readonly previous: Measurer | undefined;
  readonly onEvent: TrainRequest["onEvent"];
}): Promise<Measurer> {
  const { model, examples, previous, onEvent } = setting;
  return Measurer.create({
    ...model,
    ...stageMeasure(setting),
    ...examples,
    previous,
    onProgress: tenths((fraction) => {
      onEvent?.({ kind: "encoding", fraction });
    }),
  });
}

/** Tells each tenth once: finer fractions would give away how many records there are. */
function tenths(tell: (fraction: number) => void): (done: number, total: number) => void {
  let told = -1;
  return (done, total) => {
    for (const tenth = Math.floor((10 * done) / total); told < tenth;) {
      told += 1;
      tell(told / 10);
    }
  };
}

function evaluation(
  model: PreparedModel,
  examples: readonly Example[],
  weights: ReadonlyMap<string, Float32Array>,
  what: "zero-shot" | "final",
  onEvent: TrainRequest["onEvent"],
): Promise<TaskMetrics> {
  const onProgress = (done: number, total: number): void => {
    onEvent?.({ kind: "evaluating", what, done, total });
  };
  return evaluate({ model, examples, weights, onProgress });
}

/** Reads back what was written and checks it against the weights in memory, up to the file's own rounding. */
async function reloadWritten(
  files: RunFiles,
  model: PreparedModel,
  trained: Weights,
  adapted: AdaptedWeights,
): Promise<PreparedModel> {
  const written = await files.reopen();
  try {
    const loaded = await loadModel(written);
    checkWritten(written, loaded.weights, trained, adapted);
    return { ...model, ...loaded, modelStages: loaded.description.stages(model.task.objective) };
  } finally {
    await written.close();
  }
}
