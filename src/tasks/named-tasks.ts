import { decoderTasks } from "./decoder-tasks.js";
import { TaskError } from "./errors.js";
import type { NamedTask } from "./named-task.js";
import type { ModelKind } from "./prompt-encoder.js";

export type { NamedTask } from "./named-task.js";

const sentence = { text: "text", label: "label" } as const;
const sentiment = { ...sentence, template: "{text} it was {mask} .", labelWords: "terrible,great" } as const;
const inference = {
  text: "text",
  pair: "text_pair",
  label: "label",
  template: "{text} ? {mask} , {pair}",
} as const;

/**
 * Tasks by name for masked language models, with columns and label order as in the usual files.
 *
 * The prompts of sentences are those the embedded model was measured with; those of pairs are
 * LM-BFF's (Gao, Fisch, Chen 2021, Table 1).
 */
export const namedTasks: Readonly<Record<string, NamedTask>> = Object.freeze({
  agnews: { ...sentence, template: "{mask} news : {text}", labelWords: "world,sports,business,tech" },
  boolq: {
    label: "label",
    template: "{question} ? {mask} . {passage}",
    labelWords: "no,yes",
    maximumTokens: 256,
  },
  cb: { ...inference, labelWords: "yes,no,maybe" },
  cr: sentiment,
  mnli: { ...inference, labelWords: "yes,maybe,no" },
  mr: sentiment,
  rte: { ...inference, labelWords: "yes,no" },
  snli: { ...inference, labelWords: "yes,maybe,no" },
  spam: { ...sentence, template: "{text} this is {mask} .", labelWords: "ham=work,spam=advertising" },
  sst2: sentiment,
  sst5: { ...sentiment, labelWords: "terrible,bad,okay,good,great" },
  subj: { ...sentence, template: "{text} this is {mask} .", labelWords: "subjective,objective" },
  trec: {
    ...sentence,
    template: "{mask} : {text}",
    labelWords: "description,entity,abbreviation,human,location,number",
  },
});

/** The names of all tasks; some are for decoders only. */
export const taskNames: readonly string[] = Object.freeze(
  [...new Set([...Object.keys(namedTasks), ...Object.keys(decoderTasks)])].sort(),
);

/**
 * A task by its name, in the prompt for a kind of model.
 *
 * @throws {TaskError} code `unknown-task`, with the names there are; `needs-decoder` for a task of options or written
 * answers and a masked model.
 * @example
 * namedTask("sst2").labelWords; // "terrible,great"
 * namedTask("sst2", "causal-lm").labelWords; // "negative,positive"
 */
export function namedTask(name: string, kind: ModelKind = "masked-lm"): NamedTask {
  const tasks = kind === "causal-lm" ? decoderTasks : namedTasks;
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task !== undefined) return task;
  if (taskNames.includes(name)) {
    throw new TaskError("needs-decoder", {
      message: `The task ${name} has answers of several tokens, and the model is an encoder, which fills one token.`,
      value: name,
      expected: "a decoder (GPT-2, OPT, Llama)",
    });
  }
  throw new TaskError("unknown-task", {
    message: `There is no task called ${JSON.stringify(name)}.`,
    value: name,
    expected: taskNames.join(", "),
  });
}
