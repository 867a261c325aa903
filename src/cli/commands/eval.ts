import { nodeRuntime } from "../../node/index.js";
import { evaluate, isAnswerMetrics, type TaskMetrics } from "../../train/evaluate.js";
import { prepareModel, readExamples } from "../../train/prepare.js";
import { resolveNamedSettings } from "../named-settings.js";
import { addSchemaOptions } from "../options.js";
import { figure } from "../output.js";
import { fileRecords, taskFileSchema } from "../task-files.js";
import { baseCommand, type CommandFactory, withFolder, outputFor, settingsOf } from "./shared.js";

/** `dpzo eval`: accuracy and macro-F1, or exact match and F1, of a checkpoint on a PUBLIC file; the figures are exact, not private. */
export const evalCommand: CommandFactory = () => {
  const command = baseCommand("eval", "evaluate a checkpoint on a public file (the figures are not private)");
  addSchemaOptions(command, taskFileSchema);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveNamedSettings(taskFileSchema, settingsOf(flags));
    const output = outputFor(flags);
    const model = await withFolder(settings.model, (checkpoint) =>
      prepareModel(checkpoint, nodeRuntime(), settings),
    );
    const examples = await readExamples(model.task, fileRecords(settings.data, settings));
    const onProgress = (done: number, total: number): void => {
      output.progress(`evaluating ${done} of ${total}`);
    };
    const metrics = await evaluate({ model, examples, onProgress });
    const { labels } = model.task;
    output.answer({ ...metrics, ...(labels.length > 0 && { labels }) }, () => metricWords(metrics));
  });
};

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
