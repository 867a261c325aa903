import { withTokens } from "./after-prompt.js";
import { TaskError } from "./errors.js";
import { answerJudgement } from "./judgements.js";
import { createPromptEncoder } from "./prompt-encoder.js";
import type { Task, TaskDescription, TaskRecord, TaskSetting } from "./task.js";
import { parseTemplate } from "./template.js";
import type { TextTokenizer } from "./tokenizer.js";

/** Most tokens of an answer, its end included, unless told otherwise. */
export const defaultAnswerTokens = 32;

/**
 * A task that the model answers in its own words, up to the end of the line.
 *
 * A record's first answer, with a line break after it, is what is trained on; all of them count as right.
 */
export function answerTask(
  tokenizer: TextTokenizer,
  { template, answers: column, answerTokens = defaultAnswerTokens, maximumTokens }: TaskDescription,
  setting: TaskSetting,
): Task {
  const encoder = createPromptEncoder({
    tokenizer,
    template: parseTemplate(template),
    maximumTokens,
    ...setting,
    reserve: answerTokens,
  });
  return {
    ...answerJudgement,
    kind: "answers",
    description: { template, answers: column, answerTokens, maximumTokens },
    labels: [],
    labelWords: [],
    labelTokenIds: new Int32Array(),
    options: [],
    answering: {
      tokens: answerTokens,
      endTokens: endTokens(tokenizer),
      textOf: (ids) => tokenizer.decode(ids).trim(),
    },
    encode: (text) => encoder.encode(text),
    example: (record) => {
      const answers = answersOf(record);
      const ids = encoder.wordIds(`${firstAnswer(answers)}\n`).slice(0, answerTokens);
      return { texts: [withTokens(encoder.encode(record), ids)], label: 0, answers };
    },
    demonstration: (record) => encoder.fill(record, firstAnswer(answersOf(record))),
  };
}

function answersOf({ answers = [], line }: TaskRecord): readonly string[] {
  if (answers.length > 0) return answers;
  throw new TaskError("missing-answers", {
    message: `The record in line ${line} has no answer.`,
    value: line,
    expected: "one answer or more for every record",
    next: "Leave out questions without an answer, as SQuAD 2 has them.",
  });
}

/** In one line, as an answer ends with the line. */
function firstAnswer([answer = ""]: readonly string[]): string {
  return answer.trim().replace(/\s+/gu, " ");
}

/** A line break as byte-level BPE, byte fallback and plain vocabularies write it. */
const lineBreak = /\u010A|<0x0A>|\n/u;

function endTokens({ vocabulary, special }: TextTokenizer): ReadonlySet<number> {
  const breaks = [...vocabulary].filter(([token]) => lineBreak.test(token)).map(([, id]) => id);
  return new Set(special.end === undefined ? breaks : [...breaks, special.end]);
}
