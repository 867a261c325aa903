import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as z from "zod";

import { settingsPreset, settingsPresets } from "../plan/presets.js";
import { describeModel } from "../model/registry.js";
import { type ModelKind, namedTask, taskNames } from "../tasks/index.js";
import { readConfigFile, resolveSettings } from "./options.js";

/** The flag that stands for columns, template and label words. */
export const taskFlag = {
  task: z
    .enum(taskNames)
    .optional()
    .describe("named task: its columns, template and answers; flags override each"),
};

/** The flag that stands for the settings of a run. */
export const presetFlag = {
  preset: z
    .enum(Object.keys(settingsPresets))
    .optional()
    .describe("measured settings for a model size; flags override each"),
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
  const defaults = { ...presetSettings(given["preset"]), ...taskSettings(given) };
  const known = Object.entries(defaults).filter(([key]) => key in schema.shape);
  return resolveSettings(schema, flags, Object.fromEntries(known));
}

function presetSettings(preset: unknown): Readonly<Record<string, unknown>> {
  return typeof preset === "string" ? settingsPreset(preset).settings : {};
}

/** What stands in the place of `{mask}`: of these, what is given takes the place of what the name stands for. */
const ways: readonly string[] = ["labelWords", "options", "answers"];

function taskSettings({
  task,
  model,
  ...given
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof task !== "string") return {};
  const named = Object.entries(namedTask(task, kindOfModel(model)));
  const isGiven = ways.some((way) => given[way] !== undefined);
  return Object.fromEntries(named.filter(([key]) => !(isGiven && ways.includes(key))));
}

/** From the folder's `config.json`; where that cannot be read, opening the folder will say why. */
function kindOfModel(folder: unknown): ModelKind {
  if (typeof folder !== "string") return "masked-lm";
  try {
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
    return describeModel(config).kind;
  } catch {
    return "masked-lm";
  }
}
