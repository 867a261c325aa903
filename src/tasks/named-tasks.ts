import { TaskError } from "./errors.js";

/** What a well-known task needs besides its file: columns, prompt and label words. */
export interface NamedTask {
  readonly text: string;
  readonly pair?: string;
  readonly label: string;
  readonly template: string;
  /** In the form of `--label-words`. */
  readonly labelWords: string;
}

const sentence = { text: "text", label: "label" } as const;
const sentiment = { ...sentence, template: "{text} it was {mask} .", labelWords: "terrible,great" } as const;
const inference = {
  text: "text",
  pair: "text_pair",
  label: "label",
  template: "{text} ? {mask} , {pair}",
} as const;

/**
 * Tasks by name, with columns and label order as in the usual files.
 *
 * The prompts of sentences are those the embedded model was measured with; those of pairs are
 * LM-BFF's (Gao, Fisch, Chen 2021, Table 1).
 */
export const namedTasks: Readonly<Record<string, NamedTask>> = Object.freeze({
  agnews: { ...sentence, template: "{mask} news : {text}", labelWords: "world,sports,business,tech" },
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

/**
 * A task by its name.
 *
 * @throws {TaskError} code `unknown-task`, with the names there are.
 * @example
 * namedTask("sst2").labelWords; // "terrible,great"
 */
export function namedTask(name: string): NamedTask {
  const task = Object.hasOwn(namedTasks, name) ? namedTasks[name] : undefined;
  if (task !== undefined) return task;
  throw new TaskError("unknown-task", {
    message: `There is no task called ${JSON.stringify(name)}.`,
    value: name,
    expected: Object.keys(namedTasks).join(", "),
  });
}
