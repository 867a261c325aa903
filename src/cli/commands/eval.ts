import * as z from "zod";

import type { TaskRecord } from "../../tasks/index.js";
import type { Demonstrations } from "../../train/demonstrations.js";
import { evaluate, isAnswerMetrics, type TaskMetrics } from "../../train/evaluate.js";
import { prepareModel, readExamples } from "../../train/prepare.js";
import { UsageError } from "../errors.js";
import { evalGroups } from "../flag-groups.js";
import { resolveNamedSettings } from "../named-settings.js";
import { addSchemaOptions } from "../options.js";
import { figure } from "../output.js";
import { fileRecords, taskFileSchema } from "../task-files.js";
import {
  addThreads,
  baseCommand,
  type CommandFactory,
  outputFor,
  runtimeFor,
  settingsOf,
  withFolder,
} from "./shared.js";

const evalSchema = z.strictObject({
  ...taskFileSchema.shape,
  shots: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("most demonstrations to put before each prompt; fewer where the model has no room"),
  shotsData: z.string().optional().describe("PUBLIC file with the same columns, to draw demonstrations from"),
  shotsSeed: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("seed that picks the demonstrations and their order"),
});
type EvalSettings = z.infer<typeof evalSchema>;

/**
 * `dpzo eval`: accuracy and macro-F1, or exact match and F1, of a checkpoint on a PUBLIC file; the figures are exact, not
 * private. Zero-shot, or with demonstrations of another public file.
 */
export const evalCommand: CommandFactory = () => {
  const command = baseCommand("eval", "Score a checkpoint on a PUBLIC file. Scores are exact, not private.");
  addSchemaOptions(command, evalSchema, evalGroups);
  addThreads(command);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveNamedSettings(evalSchema, settingsOf(flags));
    const output = outputFor(flags);
    const demonstrations = await demonstrationsOf(settings);
    const model = await withFolder(settings.model, (checkpoint) =>
      prepareModel(checkpoint, runtimeFor(flags), settings, demonstrations),
    );
    for (const words of model.remarks) output.say(`remark: ${words}`);
    const examples = await readExamples(model.task, fileRecords(settings.data, settings));
    const onProgress = (done: number, total: number): void => {
      output.progress(`evaluating ${done} of ${total}`);
    };
    const metrics = await evaluate({ model, examples, onProgress });
    const { labels } = model.task;
    const { shots } = model;
    output.answer(
      { ...metrics, ...(labels.length > 0 && { labels }), ...(demonstrations && { shots }) },
      () => [
        ...metricWords(metrics),
        ...(demonstrations
          ? [`with ${shots} of ${demonstrations.count} demonstrations before each prompt`]
          : []),
      ],
    );
  });
};

async function demonstrationsOf(settings: EvalSettings): Promise<Demonstrations | undefined> {
  const { shots: count, shotsData, shotsSeed: seed } = settings;
  if (count === undefined && shotsData === undefined && seed === undefined) return undefined;
  if (count === undefined || shotsData === undefined || seed === undefined) {
    throw new UsageError("usage", {
      message: "Demonstrations need --shots, --shots-data and --shots-seed together.",
      expected: "how many, a PUBLIC file to draw them of, and a seed of the draw",
    });
  }
  const records: TaskRecord[] = [];
  for await (const record of fileRecords(shotsData, settings)) records.push(record);
  return { records, count, seed };
}

function metricWords(metrics: TaskMetrics): readonly string[] {
  if (isAnswerMetrics(metrics)) {
    return [
      `exact match ${figure(metrics.exactMatch)}, F1 ${figure(metrics.f1)} on ${metrics.count} records`,
    ];
  }
  return [
    `accuracy ${figure(metrics.accuracy)}, macro-F1 ${figure(metrics.macroF1)} on ${metrics.count} records`,
    `(always answering the larger class: ${figure(metrics.largerClass)})`,
  ];
}
