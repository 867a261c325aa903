import { rmdir } from "node:fs/promises";
import { basename, join } from "node:path";

import {
  nodeFolderWriter,
  nodeLedgerFile,
  nodeRuntime,
  openNodeCheckpoint,
  lockFolder,
} from "../node/index.js";
import type { Checkpoint } from "../checkpoint/index.js";
import { textChunk } from "../files.js";
import { type EpsilonPoint, epsilonCurve, epsilonSoFar } from "../plan/epsilon-curve.js";
import type { TaskConfig, TrainConfig } from "../plan/config.js";
import { isPrivate } from "../plan/plan.js";
import { type PublicEvaluation, renderReport } from "../report/index.js";
import type { InferenceRuntime } from "../runtime/runtime.js";
import type { ClassificationMetrics, TaskRecord } from "../tasks/index.js";
import { isAnswerMetrics, type TaskMetrics } from "../train/evaluate.js";
import {
  type RunResult,
  train,
  type TrainEvent,
  type TrainRequest,
  trainWithoutPrivacy,
} from "../train/run.js";
import type { VerifiedLedger } from "../verify/verify.js";
import { listenForInterrupt } from "./interrupt.js";
import { duration, figure, type Output } from "./output.js";
import { planInWords } from "./plan-words.js";
import { checkRunWritable, refuseRunOverlap, type RunPaths } from "./train-preflight.js";
import { openingWords, openMarks } from "./run-marks.js";
import { version } from "./version.js";

/** A training run as a command wants it: paths instead of adapters. */
export interface TrainRun extends RunPaths {
  readonly task: TaskConfig;
  readonly config: TrainConfig;
  readonly records: AsyncIterable<TaskRecord>;
  /** On every core unless told. */
  readonly runtime?: InferenceRuntime;
  readonly evaluation?: { readonly description: string; readonly records: AsyncIterable<TaskRecord> };
  /** Charges steps that this machine has seen begin and the ledger lacks. */
  readonly chargeLostSteps?: boolean;
}

/** What a test set came to, as fractions from 0 to 1. */
export type RunScores =
  | { readonly accuracy: number; readonly macroF1: number }
  | { readonly exactMatch: number; readonly f1: number };

/** Figures of a run, as `metrics.json` holds them; all public. */
export interface RunMetrics {
  readonly base: string;
  /** Accuracy and macro-F1, or exact match and F1 where answers are written. */
  readonly zeroShot?: RunScores;
  readonly final?: RunScores;
  readonly largerClass?: number;
  /** Absent, with `epsilonLower` and `delta`, where the run gives no privacy. */
  readonly epsilon?: number;
  readonly epsilonLower?: number;
  readonly delta?: number;
  /** False for a method without privacy; absent otherwise. */
  readonly private?: false;
  readonly steps: number;
  readonly plannedSteps: number;
  readonly lostSteps: number;
  readonly finished: boolean;
  readonly finalHash: string;
  /** Wall-clock seconds of this call; a resumed run counts from its last start. */
  readonly seconds: number;
  readonly peakMemoryBytes: number;
}

/**
 * Runs or resumes a training run in a folder, telling people how it goes, and leaves model, ledger, report and
 * metrics there.
 */
export async function runTraining(run: TrainRun, output: Output): Promise<RunMetrics> {
  const start = performance.now();
  await refuseRunOverlap(run);
  const lock = await lockFolder(run.out);
  const interrupt = listenForInterrupt(() => {
    output.say("stopping after this step; the same command goes on from there (Ctrl-C again stops at once)");
  });
  const ledger = nodeLedgerFile(join(run.out, "ledger.jsonl"));
  let hasBegun = false as boolean;
  let marks: Awaited<ReturnType<typeof openMarks>>;
  let base: Checkpoint | undefined;
  let curve: readonly EpsilonPoint[] = [];
  const narrate = narrator(output, () => curve);
  try {
    marks = await openMarks(run.out, output);
    base = await openNodeCheckpoint(run.modelFolder);
    await checkRunWritable(base, run.out);
    const runtime = run.runtime ?? nodeRuntime();
    const request: TrainRequest = {
      base,
      runtime,
      task: run.task,
      config: run.config,
      records: run.records,
      ...(run.evaluation && { evaluation: run.evaluation.records }),
      files: {
        ledger,
        ...(marks && { marks }),
        model: nodeFolderWriter(join(run.out, "model")),
        reopen: () => openNodeCheckpoint(join(run.out, "model")),
      },
      chargeLostSteps: run.chargeLostSteps ?? false,
      stopRequested: interrupt.requested,
      onEvent: (event) => {
        hasBegun ||= event.kind === "plan";
        if (event.kind === "plan" && isPrivate(event.plan)) curve = epsilonCurve(event.plan);
        narrate(event);
      },
    };
    const result = run.config.method === "mezo" ? await trainWithoutPrivacy(request) : await train(request);
    const metrics = runMetrics(run, result, (performance.now() - start) / 1000);
    await writeOutputs(run, result, metrics, curve, runtime);
    return metrics;
  } finally {
    await base?.close();
    await ledger.close();
    await marks?.close();
    interrupt.dispose();
    await lock.release();
    // A run that was refused before it began leaves no folder behind; one that holds anything, or held it, stays.
    if (!hasBegun) await rmdir(run.out).catch(() => undefined);
  }
}

/** Tells people about events: the plan once, progress with an ETA, and the epsilon spent so far. */
function narrator(output: Output, curve: () => readonly EpsilonPoint[]): (event: TrainEvent) => void {
  let target: number | undefined;
  let first: { readonly step: number; readonly at: number } | undefined;
  return (event) => {
    switch (event.kind) {
      case "remark":
        output.say(`remark      ${event.words}`);
        break;
      case "plan":
        target = isPrivate(event.plan) ? event.plan.privacy.epsilon : undefined;
        for (const line of planInWords(event.plan)) output.say(line);
        if (event.resumedSteps > 0)
          output.say(`resuming: ${event.resumedSteps} steps are in the ledger already`);
        for (const line of openingWords(event.opening)) output.say(line);
        break;
      case "encoding":
        output.progress(`frozen layers, once a record: ${Math.floor(100 * event.fraction)} %`);
        break;
      case "evaluating":
        output.progress(`${event.what} evaluation on public records: ${event.done} of ${event.total}`);
        break;
      case "zero-shot":
        output.say(`zero-shot   ${scoreWords(event.metrics)}`);
        break;
      case "step": {
        first ??= { step: event.step - 1, at: performance.now() };
        const spent =
          target === undefined
            ? "NOT private"
            : `epsilon ${figure(epsilonSoFar(curve(), event.step), 3)} of ${figure(target, 3)}`;
        output.progress(stepLine(event, first, spent));
      }
    }
  };
}

/** Steps before a pace is shown: an average over fewer would say much about a single batch. */
const stepsBeforePace = 20;

/** The pace is an average over the run so far: single step times would tell how large a batch was. */
function stepLine(
  { step, steps, stage }: Extract<TrainEvent, { kind: "step" }>,
  first: { readonly step: number; readonly at: number },
  spent: string,
): string {
  const done = step - first.step;
  const pace = (performance.now() - first.at) / 1000 / done;
  const left = done < stepsBeforePace ? "" : `, ${duration(Math.ceil((pace * (steps - step)) / 5) * 5)} left`;
  return `step ${step} of ${steps}, stage ${stage + 1}, ${spent}${left}`;
}

/** The figures of a public test set, accuracy beside what always answering the larger class would get. */
export function scoreWords(metrics: TaskMetrics): string {
  const words = `${finalWords(scores(metrics))} on ${metrics.count} public records`;
  return isAnswerMetrics(metrics)
    ? words
    : `${words} (larger class: ${figure(100 * metrics.largerClass, 1)} %)`;
}

/** Two figures in words. */
export function finalWords(found: RunScores): string {
  return "accuracy" in found
    ? `accuracy ${figure(100 * found.accuracy, 1)} %, macro-F1 ${figure(100 * found.macroF1, 1)} %`
    : `exact match ${figure(100 * found.exactMatch, 1)} %, F1 ${figure(100 * found.f1, 1)} %`;
}

function runMetrics(
  run: TrainRun,
  { verified, finished, zeroShot, final }: RunResult,
  seconds: number,
): RunMetrics {
  const { steps, plannedSteps, lostSteps, finalHash } = verified;
  return {
    base: basename(run.modelFolder),
    ...(zeroShot && { zeroShot: scores(zeroShot), ...largerClassOf(zeroShot) }),
    ...(final && { final: scores(final) }),
    ...spentOf(verified),
    steps,
    plannedSteps,
    lostSteps,
    finished,
    finalHash,
    seconds: Math.round(seconds * 10) / 10,
    // resourceUsage gives kibibytes on every platform.
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function spentOf(
  ledger: RunResult["verified"],
): Pick<RunMetrics, "epsilon" | "epsilonLower" | "delta" | "private"> {
  if (!isVerified(ledger)) return { private: false };
  const { epsilon, epsilonLower, delta } = ledger;
  return { epsilon, epsilonLower, delta };
}

function isVerified(ledger: RunResult["verified"]): ledger is VerifiedLedger {
  return "epsilon" in ledger;
}

function scores(metrics: ClassificationMetrics): { accuracy: number; macroF1: number };
function scores(metrics: TaskMetrics): RunScores;
function scores(metrics: TaskMetrics): RunScores {
  if (isAnswerMetrics(metrics)) return { exactMatch: metrics.exactMatch, f1: metrics.f1 };
  return { accuracy: metrics.accuracy, macroF1: metrics.macroF1 };
}

function largerClassOf(metrics: TaskMetrics): { largerClass?: number } {
  return isAnswerMetrics(metrics) ? {} : { largerClass: metrics.largerClass };
}

async function writeOutputs(
  run: TrainRun,
  result: RunResult,
  metrics: RunMetrics,
  curve: readonly EpsilonPoint[],
  runtime: { readonly name: string; readonly version: string },
): Promise<void> {
  const { verified } = result;
  const folder = nodeFolderWriter(run.out);
  await folder.write("metrics.json", textChunk(`${JSON.stringify(metrics, null, 2)}\n`));
  // The report is about a guarantee, and a run without privacy has none.
  if (!isVerified(verified)) return;
  const ledgerPath = join(run.out, "ledger.jsonl");
  const evaluation = publicEvaluation(run, result);
  const report = renderReport({
    plan: verified.plan,
    entries: verified.entries,
    epsilonCurve: curveSoFar(curve, verified),
    epsilonLower: verified.epsilonLower,
    masks: result.masks,
    ...(evaluation && { evaluation }),
    ledgerHash: verified.finalHash,
    baseName: metrics.base,
    runtime: { name: runtime.name, version: runtime.version },
    verifyCommand: `npx dpzo verify --ledger ${quoted(ledgerPath)} --base ${quoted(run.modelFolder)}`,
    replayCommand: `npx dpzo replay --base ${quoted(run.modelFolder)} --ledger ${quoted(ledgerPath)} --out replayed`,
    versions: { dpzo: version, node: process.version },
  });
  await folder.write("report.html", textChunk(report));
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/u.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The planned curve up to what was really done, for a run that was stopped. */
function curveSoFar(
  curve: readonly EpsilonPoint[],
  { steps, plannedSteps, epsilon }: VerifiedLedger,
): readonly EpsilonPoint[] {
  if (steps === plannedSteps) return curve;
  return [...curve.filter(({ step }) => step < steps), ...(steps > 0 ? [{ step: steps, epsilon }] : [])];
}

function publicEvaluation(
  run: TrainRun,
  { zeroShot, final, verified }: RunResult,
): PublicEvaluation | undefined {
  if (run.evaluation === undefined || zeroShot === undefined || final === undefined) return undefined;
  const tested = { description: run.evaluation.description, count: zeroShot.count };
  if (isAnswerMetrics(zeroShot) || isAnswerMetrics(final)) {
    return isAnswerMetrics(zeroShot) && isAnswerMetrics(final) ? { ...tested, zeroShot, final } : undefined;
  }
  const { task } = verified.plan;
  const labels = "labels" in task ? task.labels : [];
  return {
    ...tested,
    zeroShot: scores(zeroShot),
    final: scores(final),
    largerClass: zeroShot.largerClass,
    perClass: labels.map((label, index) => ({
      label,
      count: zeroShot.classes[index]?.count ?? 0,
      zeroShotRecall: zeroShot.classes[index]?.recall ?? 0,
      finalRecall: final.classes[index]?.recall ?? 0,
    })),
  };
}
