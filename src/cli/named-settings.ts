import { z } from "zod";

import { settingsPreset, settingsPresets } from "../plan/presets.js";
import { namedTask, namedTasks } from "../tasks/index.js";
import { readConfigFile, resolveSettings } from "./options.js";

/** The flag that stands for columns, template and label words. */
export const taskFlag = {
  task: z
    .enum(Object.keys(namedTasks))
    .optional()
    .describe("a task by name: its columns, template and label words, each of which a flag overrides"),
};

/** The flag that stands for the settings of a run. */
export const presetFlag = {
  preset: z
    .enum(Object.keys(settingsPresets))
    .optional()
    .describe("settings by model size that were run and measured, each of which a flag overrides"),
};

/**
 * The settings of a command with what `--task` and `--preset` stand for under them: flags override the `--config` file,
 * and that overrides names.
 *
 * @throws {TaskError} `unknown-task`; {PlanError} `unknown-preset`; {CheckpointError} where the model is needed and cannot
 *   be opened; {UsageError} as {@link resolveSettings}.
 */
export function resolveNamedSettings<Schema extends z.ZodObject>(
  schema: Schema,
  flags: Readonly<Record<string, unknown>>,
): z.infer<Schema> {
  const { config } = flags;
  const given = typeof config === "string" ? { ...readConfigFile(config), ...flags } : flags;
  const defaults = { ...presetSettings(given["preset"]), ...taskSettings(given["task"]) };
  const known = Object.entries(defaults).filter(([key]) => key in schema.shape);
  return resolveSettings(schema, flags, Object.fromEntries(known));
}

function presetSettings(preset: unknown): Readonly<Record<string, unknown>> {
  return typeof preset === "string" ? settingsPreset(preset).settings : {};
}

function taskSettings(task: unknown): Readonly<Record<string, unknown>> {
  return typeof task === "string" ? { ...namedTask(task) } : {};
}
