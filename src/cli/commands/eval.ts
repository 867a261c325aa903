import { predict } from "../../measure/predict.js";
import { nodeRuntime } from "../../node/index.js";
import { classificationMetrics } from "../../tasks/index.js";
import { prepareModel, readExamples } from "../../train/prepare.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { figure } from "../output.js";
import { fileRecords, taskFileSchema } from "../task-files.js";
import { baseCommand, type CommandFactory, withFolder, outputFor, settingsOf } from "./shared.js";

/** `dpzo eval`: accuracy and macro-F1 of a checkpoint on a PUBLIC file; the figures are exact, not private. */
export const evalCommand: CommandFactory = () => {
  const command = baseCommand("eval", "evaluate a checkpoint on a public file (the figures are not private)");
  addSchemaOptions(command, taskFileSchema);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveSettings(taskFileSchema, settingsOf(flags));
    const output = outputFor(flags);
    const model = await withFolder(settings.model, (checkpoint) =>
      prepareModel(checkpoint, nodeRuntime(), settings),
    );
    const examples = await readExamples(model.task, fileRecords(settings.data, settings));
    const onProgress = (done: number, total: number): void => {
      output.progress(`evaluating ${done} of ${total}`);
    };
    const predicted = await predict({ ...model, examples, onProgress });
    const truth = examples.map(({ label }) => label);
    const metrics = classificationMetrics(predicted, truth, model.task.labels.length);
    output.answer({ ...metrics, labels: model.task.labels }, () => [
      `accuracy ${figure(metrics.accuracy)}, macro-F1 ${figure(metrics.macroF1)} on ${metrics.count} records`,
      `(always answering the larger class: ${figure(metrics.largerClass)})`,
    ]);
  });
};
