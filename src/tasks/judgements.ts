import type { Judgement } from "./example.js";
import { indexOfLargest, labelLoss } from "./label-loss.js";

const none: readonly number[] = [];

/**
 * One text a record, read at one position: the cross-entropy of its label among the label words.
 *
 * @param wordIds token ids of the label words
 */
export function labelWordJudgement(wordIds: readonly number[]): Judgement {
  return {
    objective: { kind: "label-words", wordIds },
    reading: (_, { data }) => data,
    loss: ({ label }, [logits = none]) => (logits.length === 0 ? Number.NaN : labelLoss(logits, label)),
    choice: ([logits = none]) => indexOfLargest(logits),
  };
}
