import { TaskError } from "./errors.js";

/** How one class fared; a ratio with nothing below it is 0, as in scikit-learn. */
export interface ClassMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Records whose true label it is. */
  readonly count: number;
}

/** How a model fared on a public test set. */
export interface ClassificationMetrics {
  readonly count: number;
  readonly accuracy: number;
  /** The mean of the classes' F1; a class that is neither true nor predicted anywhere is left out. */
  readonly macroF1: number;
  readonly classes: readonly ClassMetrics[];
  /** `confusion[true][predicted]`, in records. */
  readonly confusion: readonly (readonly number[])[];
  /** The accuracy of always answering the larger class. */
  readonly largerClass: number;
}

/**
 * Compares predicted labels with true ones.
 *
 * @param labels Number of classes; labels are 0 to `labels - 1`.
 * @throws {TaskError} code `no-predictions` for an empty list; `invalid-label` for lists of different lengths or a
 * label out of range.
 * @example
 * classificationMetrics([0, 1, 1], [0, 1, 0], 2).accuracy; // 2 / 3
 */
export function classificationMetrics(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  labels: number,
): ClassificationMetrics {
  const confusion = confusionMatrix(predicted, truth, labels);
  const classes = confusion.map((_, label) => classMetrics(confusion, label));
  const seen = classes.filter((entry, label) => entry.count > 0 || column(confusion, label) > 0);
  const hits = sum(confusion.map((row, label) => row[label] ?? 0));
  return {
    count: truth.length,
    accuracy: hits / truth.length,
    macroF1: sum(seen.map(({ f1 }) => f1)) / seen.length,
    classes,
    confusion,
    largerClass: Math.max(...classes.map(({ count }) => count)) / truth.length,
  };
}

function confusionMatrix(predicted: ArrayLike<number>, truth: ArrayLike<number>, labels: number): number[][] {
  if (truth.length === 0) {
    throw new TaskError("no-predictions", {
      message: "There is nothing to evaluate.",
      expected: "a record or more",
    });
  }
  if (predicted.length !== truth.length) {
    throw new TaskError("invalid-label", {
      message: `There are ${predicted.length} predicted and ${truth.length} true labels.`,
      value: predicted.length,
      expected: "as many of one as of the other",
    });
  }
  const confusion = Array.from({ length: labels }, () => new Array<number>(labels).fill(0));
  for (let index = 0; index < truth.length; index += 1) {
    const row = confusion[truth[index] ?? -1];
    const guess = predicted[index] ?? -1;
    if (row?.[guess] === undefined) throw outOfRange(labels);
    row[guess] += 1;
  }
  return confusion;
}

function classMetrics(confusion: readonly (readonly number[])[], label: number): ClassMetrics {
  const hits = confusion[label]?.[label] ?? 0;
  const count = sum(confusion[label] ?? []);
  const answered = column(confusion, label);
  return {
    precision: ratio(hits, answered),
    recall: ratio(hits, count),
    f1: ratio(2 * hits, count + answered),
    count,
  };
}

function column(confusion: readonly (readonly number[])[], label: number): number {
  return sum(confusion.map((row) => row[label] ?? 0));
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function outOfRange(labels: number): TaskError {
  return new TaskError("invalid-label", {
    message: "A label is outside the classes of the task.",
    value: labels,
    expected: `a whole number from 0 to ${labels - 1}`,
  });
}
