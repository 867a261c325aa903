import { CommanderError } from "commander";

import { AccountingError } from "../accounting/index.js";
import { CheckpointError } from "../checkpoint/index.js";
import { CompareError } from "../compare/index.js";
import { DataError } from "../data/index.js";
import { FileError } from "../files.js";
import { LedgerError } from "../ledger/index.js";
import { MaskError } from "../masks/index.js";
import { ModelError, type ModelErrorCode } from "../model/errors.js";
import { PlanError, type PlanErrorCode } from "../plan/errors.js";
import { ReplayError } from "../replay/errors.js";
import { RuntimeError, type RuntimeErrorCode } from "../runtime/errors.js";
import { ScheduleError } from "../schedule/errors.js";
import { TaskError } from "../tasks/index.js";
import { TrainError, type TrainErrorCode } from "../train/errors.js";
import { UsageError } from "./errors.js";

/** What a script can act on. The same table stands in `docs/cli.md`. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  data: 3,
  checkpoint: 4,
  runtime: 5,
  ledger: 6,
  plan: 7,
  interrupted: 130,
} as const;

/** Codes of errors about a model, a plan or the machine in which nothing is wrong but what the flags ask of it. */
const askedWrongly: ReadonlySet<string> = new Set<
  ModelErrorCode | PlanErrorCode | RuntimeErrorCode | TrainErrorCode
>([
  "unknown-selection",
  "unknown-adapter-module",
  "adapter-unsupported",
  "contradictory-settings",
  "epsilon-missing",
  "unknown-preset",
  "evaluation-is-training",
  "invalid-threads",
]);

function isAskedWrongly(error: unknown): boolean {
  const kinds = [ModelError, PlanError, RuntimeError, TrainError];
  return kinds.some((kind) => error instanceof kind && askedWrongly.has(error.code));
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const usage = [UsageError, TaskError, ScheduleError, MaskError, AccountingError, CompareError];
  if (usage.some((kind) => error instanceof kind) || isAskedWrongly(error)) return exitCodes.usage;
  if (error instanceof DataError || error instanceof FileError) return exitCodes.data;
  if (error instanceof CheckpointError || error instanceof ModelError) return exitCodes.checkpoint;
  if (error instanceof RuntimeError) return exitCodes.runtime;
  if (error instanceof LedgerError || error instanceof ReplayError) return exitCodes.ledger;
  if (error instanceof PlanError) return exitCodes.plan;
  return exitCodes.failed;
}
