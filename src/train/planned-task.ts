import type { TaskConfig } from "../plan/config.js";
import type { Plan } from "../plan/plan.js";
import { defaultAnswerTokens, parseLabelWords, parseOptions } from "../tasks/index.js";

/**
 * What a plan says about a task, from its description alone; a tokenizer is not asked.
 *
 * @throws {TaskError} codes `invalid-label-words`, `invalid-options`
 */
export function plannedTask(config: TaskConfig): Plan["task"] {
  const { template, maximumTokens, labelWords, options } = config;
  if (labelWords !== undefined) {
    const { words, labels } = parseLabelWords(labelWords);
    return { template, labels: named(labels, words), labelWords: [...words], maximumTokens };
  }
  if (options !== undefined) {
    const { sources, labels } = parseOptions(options);
    return { template, labels: named(labels, sources), options: [...sources], maximumTokens };
  }
  return { template, answerTokens: config.answerTokens ?? defaultAnswerTokens, maximumTokens };
}

/** The labels' names, or their numbers where they have none. */
function named(labels: readonly string[] | undefined, answers: readonly string[]): string[] {
  return [...(labels ?? answers.map((_, index) => String(index)))];
}
