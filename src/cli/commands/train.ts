import * as z from "zod";

import { trainConfigSchema } from "../../plan/config.js";
import { exitCodes } from "../exit-codes.js";
import { trainGroups } from "../flag-groups.js";
import { presetFlag, resolveNamedSettings } from "../named-settings.js";
import { addSchemaOptions } from "../options.js";
import { duration, figure } from "../output.js";
import { fileRecords, taskFileSchema } from "../task-files.js";
import { finalWords, type RunMetrics, runTraining } from "../train-run.js";
import { refuseTrainingFile } from "../train-preflight.js";
import { addThreads, baseCommand, type CommandFactory, outputFor, runtimeFor, settingsOf } from "./shared.js";
import { planFor, tellPlan } from "./plan.js";

/** Every setting of `dpzo train`, on the command line or in a `--config` file. */
export const trainSettingsSchema = z.strictObject({
  ...taskFileSchema.shape,
  ...presetFlag,
  ...trainConfigSchema.shape,
  out: z.string().describe("run folder for model/, ledger.jsonl, report.html and metrics.json"),
  evalData: z
    .string()
    .optional()
    .describe("PUBLIC file with the same columns, scored before and after training"),
});

/** `dpzo train`: fine-tunes a checkpoint on private records; the same command resumes a run. */
export const trainCommand: CommandFactory = (setExitCode) => {
  const command = baseCommand(
    "train",
    "Fine-tune on private records within a privacy budget. The same command resumes a run.",
  );
  addSchemaOptions(command, trainSettingsSchema, trainGroups);
  command
    .optionsGroup("Run:")
    .option("--config <file>", "YAML or JSON file with any of these settings; flags override it")
    .option("--dry-run", "print the plan and its epsilon, and write nothing")
    .option("--charge-lost-steps", "resume with a shortened ledger, and charge its missing steps as lost");
  addThreads(command);
  return command.action(async (flags: Record<string, unknown>) => {
    const { dryRun, chargeLostSteps, ...given } = settingsOf(flags);
    const settings = resolveNamedSettings(trainSettingsSchema, given);
    const output = outputFor(flags);
    if (dryRun === true) {
      tellPlan(output, await planFor(settings));
      return;
    }
    if (settings.evalData !== undefined) await refuseTrainingFile(settings.data, settings.evalData);
    const { config } = given;
    const metrics = await runTraining(
      {
        modelFolder: settings.model,
        out: settings.out,
        inputs: [
          { name: "--data", path: settings.data },
          { name: "--eval-data", path: settings.evalData },
          { name: "--config", path: typeof config === "string" ? config : undefined },
        ],
        chargeLostSteps: chargeLostSteps === true,
        task: settings,
        config: settings,
        records: fileRecords(settings.data, settings),
        runtime: runtimeFor(flags),
        ...(settings.evalData !== undefined && {
          evaluation: {
            description: settings.evalData,
            // Public records belong to nobody who has to be protected.
            records: fileRecords(settings.evalData, { ...settings, unit: undefined }),
          },
        }),
      },
      output,
    );
    output.answer({ ...metrics, out: settings.out }, () => [
      metrics.finished
        ? `done: ${budgetWords(metrics)}, ${metrics.steps} steps in ${duration(metrics.seconds)}`
        : `stopped after ${metrics.steps} of ${metrics.plannedSteps} steps, ${budgetWords(metrics)} so far; the same command goes on`,
      ...(metrics.final ? [`final       ${finalWords(metrics.final)}`] : []),
      `in ${settings.out}: ${metrics.finished ? "model/, " : ""}ledger.jsonl, ${metrics.private === false ? "" : "report.html, "}metrics.json`,
    ]);
    if (!metrics.finished) setExitCode(exitCodes.interrupted);
  });
};

function budgetWords({ epsilon, delta }: RunMetrics): string {
  return epsilon === undefined ? "NOT private" : `epsilon ${figure(epsilon)} at delta ${delta ?? 0}`;
}
