import type { Example, Judgement } from "./example.js";
import type { LabelWord } from "./label-words.js";
import type { EncodedPrompt, ModelKind, PromptText } from "./prompt-encoder.js";

/**
 * The public description of a task: what `--template` and its neighbours say.
 *
 * What stands in the place of `{mask}` is told by one of `labelWords`, `options` and `answers`.
 */
export interface TaskDescription {
  /** For example `{text} it was {mask}.` */
  readonly template: string;
  /** Words of one token each: `terrible,great` or `negative=terrible,positive=great`. */
  readonly labelWords?: string | undefined;
  /** Texts of any length, with slots: `{choice1}|{choice2}` or `no=it is not|yes=it is`. */
  readonly options?: string | undefined;
  /** The column of the answers: the model writes its own, which is compared with them. */
  readonly answers?: string | undefined;
  /** Most tokens of an answer; 32 unless told. */
  readonly answerTokens?: number | undefined;
  /** The longest prompt in tokens, with the option or answer after it. */
  readonly maximumTokens: number;
}

/** A record as it came from a file. */
export interface TaskRecord extends PromptText {
  /** Not looked at where the task has answers. */
  readonly label?: unknown;
  readonly answers?: readonly string[] | undefined;
  /** Whom it belongs to: records with the same are protected as one. Not looked at in a run whose unit is the record. */
  readonly unit?: unknown;
  /** Where it stands in the file, from 1. */
  readonly line: number;
}

/** How a text of the model's own is written and read. */
export interface Answering {
  /** Most tokens to write. */
  readonly tokens: number;
  /** Tokens at which an answer ends: the end of a text, and everything with a line break in it. */
  readonly endTokens: ReadonlySet<number>;
  /** The text of what was written. */
  textOf(ids: readonly number[]): string;
}

/** A task that is ready for records. */
export interface Task extends Judgement {
  readonly kind: "label-words" | "options" | "answers";
  readonly description: TaskDescription;
  /** Names of the labels in the data, in the order of words or options; none where answers are written. */
  readonly labels: readonly string[];
  /** The words of a task by label words; none otherwise. */
  readonly labelWords: readonly LabelWord[];
  /** Token ids of the label words: the rows of the head's output that the loss reads. */
  readonly labelTokenIds: Int32Array;
  /** The texts of a task by options, as they were written; none otherwise. */
  readonly options: readonly string[];
  /** Where answers are written. */
  readonly answering?: Answering;
  /** The prompt of a text. */
  encode(text: PromptText): EncodedPrompt;
  /** The texts to read for a record, and what it says is right. */
  example(record: TaskRecord): Example;
  /** The prompt with the right answer in it, as text: a demonstration, of a PUBLIC record. */
  demonstration(record: TaskRecord): string;
}

/** What a task is made for besides its description. */
export interface TaskSetting {
  /** How the model fills the mask's place; `masked-lm` unless told. */
  readonly kind?: ModelKind | undefined;
  /** Public text before every prompt. */
  readonly lead?: string | undefined;
}
