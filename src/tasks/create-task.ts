import { answerTask } from "./answer-task.js";
import { TaskError } from "./errors.js";
import { labelWordTask } from "./label-word-task.js";
import { optionTask } from "./option-task.js";
import type { Task, TaskDescription, TaskSetting } from "./task.js";
import type { TextTokenizer } from "./tokenizer.js";

/**
 * Checks a task's description against a tokenizer, once, before any record is read.
 *
 * Guarantees:
 * - What it refuses it refuses before a private record is seen, except a record that lacks a text, or with an unknown
 *   label; those errors hold a line number and nothing of the record.
 *
 * @throws {TaskError} any code of the template, the prompt, the label words or the options; `contradictory-task` unless
 * exactly one of label words, options and answers is given; `needs-decoder` for options or answers of a masked model.
 * @example
 * const task = createTask(tokenizer, { ...namedTask("sst2"), maximumTokens: 64 });
 * task.example({ text: "A warm, funny film", label: 1, line: 1 }).label; // 1
 */
export function createTask(
  tokenizer: TextTokenizer,
  description: TaskDescription,
  setting: TaskSetting = {},
): Task {
  const { labelWords, options, answers } = description;
  const given = [labelWords, options, answers].filter((way) => way !== undefined);
  if (given.length !== 1) throw contradictory(given.length);
  if (labelWords !== undefined) return labelWordTask(tokenizer, description, labelWords, setting);
  if (setting.kind !== "causal-lm") throw needsDecoder(options === undefined ? "answers" : "options");
  if (options !== undefined) return optionTask(tokenizer, description, options, setting);
  return answerTask(tokenizer, description, setting);
}

function contradictory(given: number): TaskError {
  return new TaskError("contradictory-task", {
    message: `The task has ${given === 0 ? "nothing" : "more than one thing"} to put in the place of {mask}.`,
    value: given,
    expected: "one of --label-words, --options and --answers",
  });
}

function needsDecoder(what: "answers" | "options"): TaskError {
  return new TaskError("needs-decoder", {
    message: `The task has ${what}, and the model is an encoder, which fills one token.`,
    value: what,
    expected: "a decoder (GPT-2, OPT, Llama), or --label-words",
  });
}
