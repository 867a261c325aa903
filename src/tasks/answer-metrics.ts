import { TaskError } from "./errors.js";

/** How written answers fared on a public test set: means over the records, from 0 to 1. */
export interface AnswerMetrics {
  readonly count: number;
  /** Share of answers that are one of the right ones. */
  readonly exactMatch: number;
  /** Mean F1 over words. */
  readonly f1: number;
}

/**
 * Compares written answers with the right ones, as SQuAD does: case, punctuation, articles and white space do not count,
 * and of several right answers the best-fitting one does.
 *
 * @throws {TaskError} code `no-predictions` for an empty list, or lists of different lengths.
 * @see Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", section 5
 * @example
 * answerMetrics(["the Eiffel tower"], [["Eiffel Tower!", "tower"]]); // { count: 1, exactMatch: 1, f1: 1 }
 */
export function answerMetrics(
  written: readonly string[],
  right: readonly (readonly string[])[],
): AnswerMetrics {
  if (written.length === 0 || written.length !== right.length) {
    throw new TaskError("no-predictions", {
      message: "There is nothing to evaluate, or not as many answers as records.",
      value: written.length,
      expected: "one answer for each record",
    });
  }
  const best = (score: (a: string, b: string) => number): number =>
    written.reduce((sum, text, index) => {
      const words = normalised(text);
      return sum + Math.max(0, ...(right[index] ?? []).map((answer) => score(words, normalised(answer))));
    }, 0) / written.length;
  return {
    count: written.length,
    exactMatch: best((a, b) => (a === b ? 1 : 0)),
    f1: best(wordF1),
  };
}

const asciiPunctuation = /[!-/:-@[-`{-~]/gu;
const articles = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/** Lower case, without punctuation and articles, words with one space between. */
function normalised(text: string): string {
  const plain = text.toLowerCase().replace(asciiPunctuation, "").replace(articles, " ");
  return plain.split(/\s+/u).filter(Boolean).join(" ");
}

/** The harmonic mean of the share of words that are right and of right words that are there, as multisets. */
function wordF1(a: string, b: string): number {
  const [mine, right] = [a.split(" ").filter(Boolean), b.split(" ").filter(Boolean)];
  const left = new Map<string, number>();
  for (const word of right) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of mine) {
    const there = left.get(word) ?? 0;
    if (there === 0) continue;
    left.set(word, there - 1);
    shared += 1;
  }
  return shared === 0 ? 0 : (2 * shared) / (mine.length + right.length);
}
