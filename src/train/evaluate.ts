import { predict } from "../measure/predict.js";
import { writeAnswers } from "../measure/write-answers.js";
import {
  answerMetrics,
  type AnswerMetrics,
  type ClassificationMetrics,
  classificationMetrics,
  type Example,
} from "../tasks/index.js";
import type { PreparedModel } from "./prepare.js";

/** How a model fared on a public test set: by labels, or by written answers. */
export type TaskMetrics = AnswerMetrics | ClassificationMetrics;

/** What is evaluated. */
export interface EvaluationOptions {
  readonly model: PreparedModel;
  /** PUBLIC examples. */
  readonly examples: readonly Example[];
  /** The model's own weights unless told. */
  readonly weights?: ReadonlyMap<string, Float32Array>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Whether metrics are those of written answers. */
export function isAnswerMetrics(metrics: TaskMetrics): metrics is AnswerMetrics {
  return "exactMatch" in metrics;
}

/**
 * Predicts the label or option of every example, or writes its answer, and compares with what is right.
 *
 * The figures are exact, not private: for public examples.
 *
 * @throws {TaskError} code `no-predictions` for no examples.
 */
export async function evaluate(options: EvaluationOptions): Promise<TaskMetrics> {
  const { model, examples, onProgress } = options;
  const { task } = model;
  const weights = options.weights ?? model.weights;
  const context = { ...model, weights, examples, ...(onProgress && { onProgress }) };
  if (task.answering !== undefined) {
    const written = await writeAnswers({ ...context, answering: task.answering });
    return answerMetrics(
      written,
      examples.map(({ answers = [] }) => answers),
    );
  }
  const predicted = await predict(context);
  const truth = examples.map(({ label }) => label);
  return classificationMetrics(predicted, truth, task.labels.length);
}
