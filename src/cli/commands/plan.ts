import * as z from "zod";

import type { Checkpoint } from "../../checkpoint/index.js";
import type { ModelDescription } from "../../model/description.js";
import { describeModel } from "../../model/registry.js";
import { type TaskConfig, type TrainConfig } from "../../plan/config.js";
import { trainConfigSchema } from "../../plan/config.js";
import { makePlan } from "../../plan/make-plan.js";
import type { Plan } from "../../plan/plan.js";
import { operatingSystemRandom } from "../../sampling/index.js";
import { planTask, prepareTask } from "../../train/prepare.js";
import { plannedTask } from "../../train/planned-task.js";
import { trainGroups } from "../flag-groups.js";
import { presetFlag, resolveNamedSettings } from "../named-settings.js";
import { addSchemaOptions } from "../options.js";
import type { Output } from "../output.js";
import { planInWords } from "../plan-words.js";
import { type Columns, taskFileSchema } from "../task-files.js";
import { countRecords } from "../count-records.js";
import { addPlannerOptions, tellAlternatives } from "../plan-alternatives.js";
import { baseCommand, type CommandFactory, withFolder, outputFor, settingsOf } from "./shared.js";

/** Everything `dpzo plan` can be told. */
export const planSettingsSchema = z.strictObject({
  ...taskFileSchema.shape,
  model: taskFileSchema.shape.model.meta({ instead: "--forward-passes" }),
  ...presetFlag,
  ...trainConfigSchema.shape,
  data: z
    .string()
    .optional()
    .describe("data file, read only to count its records; not needed with --public-size"),
});

/** What a plan is made from before anything is trained. */
export type PlanSettings = Omit<Columns, "label"> &
  TaskConfig &
  TrainConfig & { readonly model: string; readonly data?: string | undefined; readonly label: string };

/** `dpzo plan`: the plan and its epsilon for a configuration; trains nothing. */
export const planCommand: CommandFactory = () => {
  const command = baseCommand(
    "plan",
    "Print the plan and epsilon of a configuration, or find a plan for a compute budget. Trains nothing.",
  );
  addSchemaOptions(command, planSettingsSchema, trainGroups);
  addPlannerOptions(command);
  command
    .optionsGroup("Run:")
    .option("--config <file>", "YAML or JSON file with any of these settings; flags override it");
  return command.action(async (flags: Record<string, unknown>) => {
    if (flags["forwardPasses"] !== undefined) {
      await tellAlternatives(outputFor(flags), settingsOf(flags));
      return;
    }
    const settings = resolveNamedSettings(planSettingsSchema, settingsOf(flags));
    tellPlan(outputFor(flags), await planFor(settings));
  });
};

/** Makes the plan of a run that has not begun; its run seed is drawn again when the run begins. */
export async function planFor(settings: PlanSettings): Promise<Plan> {
  const { description, baseDigest, task } = await withFolder(settings.model, async (checkpoint) => {
    const model = describeModel(checkpoint.config, new Set(checkpoint.tensors.keys()));
    return {
      description: model,
      baseDigest: await checkpoint.digest(),
      task: await taskOf(checkpoint, model, settings),
    };
  });
  return makePlan({
    config: settings,
    description,
    baseDigest,
    task,
    publicSize: settings.publicSize ?? (await countRecords(settings)),
    random: operatingSystemRandom,
  });
}

/** The plan's task as `train` would have it: checked against the tokenizer, where the folder has one. */
async function taskOf(
  checkpoint: Checkpoint,
  description: ModelDescription,
  settings: PlanSettings,
): Promise<Plan["task"]> {
  const hasTokenizer = (await checkpoint.sideFile("tokenizer.json")) !== undefined;
  return hasTokenizer
    ? planTask(await prepareTask(checkpoint, description, settings))
    : plannedTask(settings);
}

/** Prints a plan: words for people, the plan itself as JSON. */
export function tellPlan(output: Output, plan: Plan): void {
  output.answer({ plan, epsilon: plan.privacy.epsilon, delta: plan.privacy.delta }, () => planInWords(plan));
}
