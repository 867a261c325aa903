import { tokenLogLikelihoods } from "../runtime/index.js";
import type { Judgement, Reading, ReadingKind, TextLogits } from "./example.js";
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
    reading: "logits",
    loss: ({ label }, [logits = none]) => (logits.length === 0 ? Number.NaN : labelLoss(logits, label)),
    choice: ([logits = none]) => indexOfLargest(logits),
  };
}

/**
 * One text an option: the mean log-likelihood s_o of the option's tokens after the prompt is its score, and the loss
 * the cross-entropy of the true option among the scores, -log(exp(s_true) / sum_o exp(s_o)), at temperature 1.
 *
 * The mean, and not the sum, keeps a long option from losing by its length. For options of one token it is the loss of
 * label words: the vocabulary's normaliser cancels.
 *
 * @see MeZO (Malladi et al. 2023, arXiv 2305.17333), its code's `--train_as_classification`: scores, scaling and loss
 */
export const optionJudgement: Judgement = {
  objective: { kind: "token-logits" },
  reading: "mean-log-likelihood",
  loss: ({ label }, scores) => labelLoss(scores.map(firstOf), label),
  choice: (scores) => indexOfLargest(scores.map(firstOf)),
};

/** One text a record: minus the mean log-likelihood of the answer's tokens, its end included, after the prompt. */
export const answerJudgement: Judgement = {
  objective: { kind: "token-logits" },
  reading: "mean-log-likelihood",
  loss: (_, [score = none]) => -firstOf(score),
  choice: () => 0,
};

/** What a text's logits come to. A copy: what is read may be a view of a whole batch. */
export function readText(
  kind: ReadingKind,
  targets: ArrayLike<number> | undefined,
  logits: TextLogits,
): Reading {
  return kind === "logits" ? Float64Array.from(logits.data) : meanLogLikelihood(targets ?? none, logits);
}

function meanLogLikelihood(targets: ArrayLike<number>, logits: TextLogits): Float64Array {
  const each = tokenLogLikelihoods(logits, targets);
  return Float64Array.of(each.reduce((sum, value) => sum + value, 0) / each.length);
}

function firstOf(reading: ArrayLike<number>): number {
  return reading[0] ?? Number.NaN;
}
