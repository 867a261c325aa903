import type { Command } from "commander";
import * as z from "zod";

import { type Alternative, planner } from "../accounting/planner.js";
import { countRecords } from "./count-records.js";
import { addSchemaOptions, resolveSettings } from "./options.js";
import { figure, type Output } from "./output.js";
import { taskFileSchema } from "./task-files.js";

const budgetSchema = z.strictObject({
  forwardPasses: z
    .number()
    .positive()
    .optional()
    .describe("compute budget, in forward passes of one record: find a plan that fits it"),
  alignment: z
    .number()
    .gt(0)
    .lte(1)
    .optional()
    .describe("with --forward-passes: assumed ratio of the mean difference to the clip (default: 0.1)"),
});

const planningSchema = z.strictObject({
  ...budgetSchema.shape,
  forwardPasses: z.number().positive(),
  epsilon: z.number().positive(),
  delta: z.number().positive().lt(1),
  publicSize: z.number().int().min(1).optional(),
  data: z.string().optional(),
  label: z.string().default("label"),
  format: taskFileSchema.shape.format,
});

/** Adds the flags that turn `dpzo plan` into the planner. */
export function addPlannerOptions(command: Command): void {
  addSchemaOptions(command, budgetSchema, [["Compute budget", ["forwardPasses", "alignment"]]]);
}

/** Prints the run with the best predicted signal to noise for a budget, and its near alternatives. */
export async function tellAlternatives(
  output: Output,
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  const settings = resolveSettings(planningSchema, flags);
  const records = settings.publicSize ?? (await countRecords(settings));
  const { epsilon, delta, forwardPasses, alignment } = settings;
  const answer = planner({
    records,
    epsilon,
    delta,
    forwardPasses,
    ...(alignment !== undefined && { alignment }),
  });
  output.answer({ records, epsilon, delta, forwardPasses, ...answer }, () => [
    answer.explanation,
    "",
    "  batch   steps  directions      q          noise    forward passes  predicted",
    ...answer.alternatives.map(row),
    "",
    "predicted: signal to noise relative to the best, by a formula (docs/accounting.md); every row keeps the guarantee",
  ]);
}

function row(one: Alternative): string {
  const cells = [
    String(one.batch).padStart(7),
    String(one.steps).padStart(7),
    String(one.directions).padStart(11),
    one.samplingRate.toPrecision(3).padStart(11),
    one.noiseMultiplier.toPrecision(4).padStart(9),
    one.forwardPasses.toLocaleString("en").padStart(17),
    `${figure(100 * one.predicted, 1)} %`.padStart(10),
  ];
  return cells.join(" ");
}
