import {
  mostLedgerBytes,
  mostHeaderBytes,
  mostStages,
  mostSteps,
  mostStepBytes,
  mostValues,
} from "./bounds.js";
import { LedgerError } from "./errors.js";
import { stageOfStep, totalSteps } from "../schedule/stages.js";

/** What the plan says about the ledger's lines: how many steps each stage has, and values each step. */
export interface LedgerSchedule {
  readonly stages: readonly LedgerStage[];
}

/** One stage of the schedule; its number is its place in the list, from 0. */
export interface LedgerStage {
  /** How many steps the stage is charged for, lost ones included. */
  readonly steps: number;
  /** How many values a step releases: K, and one more where a plan counts records within the clip. */
  readonly valueCount: number;
}

/** Which stage a step belongs to, and how many values it has. */
export interface StepPlace {
  readonly stage: number;
  readonly valueCount: number;
}

/** How many steps are planned in all. */
export function plannedSteps(schedule: LedgerSchedule): number {
  return totalSteps(schedule.stages);
}

/** Where step `step` (from 1) stands in the schedule; undefined beyond its end. */
export function placeOfStep(schedule: LedgerSchedule, step: number): StepPlace | undefined {
  const stage = stageOfStep(schedule.stages, step);
  const valueCount = stage === undefined ? undefined : schedule.stages[stage]?.valueCount;
  return stage === undefined || valueCount === undefined ? undefined : { stage, valueCount };
}

/** @throws {LedgerError} code `bad-schedule` if a number is out of bounds, or the ledger could grow too large. */
export function checkSchedule(schedule: LedgerSchedule): void {
  const { stages } = schedule;
  if (stages.length < 1 || stages.length > mostStages) {
    throw badSchedule(`It has ${stages.length} stages.`, `1 to ${mostStages} stages`);
  }
  let bytes = mostHeaderBytes;
  for (const [index, { steps, valueCount }] of stages.entries()) {
    if (!Number.isSafeInteger(steps) || steps < 0) {
      throw badSchedule(`Stage ${index} has ${steps} steps.`, "an integer of at least 0");
    }
    if (!Number.isInteger(valueCount) || valueCount < 1 || valueCount > mostValues) {
      throw badSchedule(
        `Stage ${index} has ${valueCount} values a step.`,
        `an integer from 1 to ${mostValues}`,
      );
    }
    bytes += steps * mostStepBytes(valueCount);
  }
  const steps = plannedSteps(schedule);
  if (steps > mostSteps) throw badSchedule(`It has ${steps} steps.`, `at most ${mostSteps} steps`);
  if (bytes > mostLedgerBytes) {
    throw badSchedule(`Its ledger could grow to ${bytes} bytes.`, `at most ${mostLedgerBytes} bytes`);
  }
}

function badSchedule(problem: string, expected: string): LedgerError {
  return new LedgerError("bad-schedule", {
    message: `The ledger's schedule is not possible. ${problem}`,
    expected,
  });
}
