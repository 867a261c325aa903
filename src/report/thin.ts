import type { StepStatistic } from "./released.js";

/** Neighbouring steps of one stage, drawn as one mark. */
export interface StepGroup {
  readonly firstStep: number;
  readonly lastStep: number;
  readonly low: number;
  readonly high: number;
  readonly mean: number;
}

/** More marks than this side by side cannot be told apart at the width of a page. */
export const mostMarks = 500;

/** How many steps share a mark: 1 while every step fits. */
export function groupSize(steps: number): number {
  return Math.max(1, Math.ceil(steps / mostMarks));
}

/** Joins `size` neighbouring steps at a time, never across a stage boundary; no extreme is lost. */
export function groupSteps(steps: readonly StepStatistic[], size: number): readonly StepGroup[] {
  const groups: StepGroup[] = [];
  let start = 0;
  while (start < steps.length) {
    const stage = steps[start]?.stage;
    let end = start + 1;
    while (end < steps.length && end - start < size && steps[end]?.stage === stage) end += 1;
    groups.push(groupOf(steps.slice(start, end)));
    start = end;
  }
  return groups;
}

function groupOf(steps: readonly StepStatistic[]): StepGroup {
  const values = steps.map(({ value }) => value);
  return {
    firstStep: steps[0]?.step ?? NaN,
    lastStep: steps.at(-1)?.step ?? NaN,
    low: Math.min(...values),
    high: Math.max(...values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}
