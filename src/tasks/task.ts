import type { Example, Judgement } from "./example.js";
import { labelWordJudgement } from "./judgements.js";
import { createLabelIndex, parseLabelWords } from "./labels.js";
import { resolveLabelWords, type LabelWord } from "./label-words.js";
import { createPromptEncoder, type EncodedPrompt, type PromptText } from "./prompt-encoder.js";
import { parseTemplate } from "./template.js";
import type { TextTokenizer } from "./tokenizer.js";

/** The public description of a task: what the flags `--template` and `--label-words` say. */
export interface TaskDescription {
  /** For example `{text} it was {mask}.` */
  readonly template: string;
  /** For example `terrible,great` or `negative=terrible,positive=great`. */
  readonly labelWords: string;
  /** The longest prompt in tokens. */
  readonly maximumTokens: number;
}

/** A record as it came from a file. */
export interface TaskRecord extends PromptText {
  readonly label: unknown;
  /** Where it stands in the file, from 1. */
  readonly line: number;
}

/** A task that is ready for records. */
export interface Task extends Judgement {
  readonly description: TaskDescription;
  /** Names of the labels in the data, in the order of the words. */
  readonly labels: readonly string[];
  readonly labelWords: readonly LabelWord[];
  /** Token ids of the label words: the rows of the head's output that the loss reads. */
  readonly labelTokenIds: Int32Array;
  /** The prompt of a text. */
  encode(text: PromptText): EncodedPrompt;
  /** The prompt and label of a record. */
  example(record: TaskRecord): Example;
}

/**
 * Checks a task's description against a tokenizer, once, before any record is read.
 *
 * Guarantees:
 * - What it refuses it refuses before a private record is seen, except a record without a pair or with an unknown
 *   label; those errors hold a line number and nothing of the record.
 *
 * @throws {TaskError} any code of the template, the prompt or the label words.
 * @example
 * const task = createTask(tokenizer, { ...namedTask("sst2"), maximumTokens: 64 });
 * task.example({ text: "A warm, funny film", label: 1, line: 1 }).label; // 1
 */
export function createTask(tokenizer: TextTokenizer, description: TaskDescription): Task {
  const template = parseTemplate(description.template);
  const encoder = createPromptEncoder({ tokenizer, template, maximumTokens: description.maximumTokens });
  const list = parseLabelWords(description.labelWords);
  const labelWords = resolveLabelWords(tokenizer, list.words, encoder);
  const index = createLabelIndex(list);
  const { template: source, labelWords: words, maximumTokens } = description;
  return {
    ...labelWordJudgement(labelWords.map(({ tokenId }) => tokenId)),
    description: { template: source, labelWords: words, maximumTokens },
    labels: index.labels,
    labelWords,
    labelTokenIds: Int32Array.from(labelWords, ({ tokenId }) => tokenId),
    encode: (text) => encoder.encode(text),
    example: (record) => ({
      texts: [{ prompt: encoder.encode(record) }],
      label: index.indexOf(record.label, record.line),
    }),
  };
}
