import type { Example } from "../tasks/index.js";
import { TrainError } from "./errors.js";

/**
 * Refuses a public test set that is, record for record and in any order, the private training set: its exact scores would
 * be a release of every record.
 *
 * Only whole sets are compared, as the model reads them, so that another format, another order or other line ends do not
 * hide it. Single rows are not: to say which of them are in the private file, or that any is, would tell membership.
 *
 * @throws {TrainError} `evaluation-is-training`
 */
export function refuseSameRecords(training: readonly Example[], evaluation: readonly Example[]): void {
  if (training.length === 0 || training.length !== evaluation.length) return;
  const left = new Map<string, number>();
  for (const example of training) {
    const key = keyOf(example);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  for (const example of evaluation) {
    const key = keyOf(example);
    const count = left.get(key) ?? 0;
    if (count === 0) return;
    left.set(key, count - 1);
  }
  throw evaluationIsTraining();
}

/** The refusal, with no path and no number. */
export function evaluationIsTraining(): TrainError {
  return new TrainError("evaluation-is-training", {
    message:
      "The evaluation file holds exactly the training records: its scores would be exact figures about them.",
    expected: "a PUBLIC file of other records",
    next: "Leave out --eval-data, or hold out public records for it.",
  });
}

function keyOf({ texts, label, answers }: Example): string {
  return JSON.stringify([texts.map(({ prompt }) => [...prompt.inputIds]), label, answers ?? null]);
}
