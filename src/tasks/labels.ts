import { TaskError } from "./errors.js";

/** Label words and, where they were named, the labels they stand for. */
export interface LabelWordList {
  readonly words: readonly string[];
  /** In the words' order; absent: the data's labels are 0, 1, ... in that order. */
  readonly labels: readonly string[] | undefined;
}

/** From a label in the data to the index of its word. */
export interface LabelIndex {
  /** The labels, in the order of the words. */
  readonly labels: readonly string[];
  /**
   * The index of a label as the data has it: a string, a number or a boolean.
   *
   * @param line Where it stands in the file, from 1.
   * @throws {TaskError} code `unknown-label`; it names the line and the known labels, not what stood there.
   */
  indexOf(label: unknown, line: number): number;
}

/**
 * Reads `terrible,great` (for labels 0, 1, ...) or `negative=terrible,positive=great` (for labels by name).
 *
 * @throws {TaskError} code `invalid-label-words`: an empty entry, a mixture of both forms, or a label named twice.
 * @example
 * parseLabelWords("ham=work,spam=advertising"); // { words: ["work", "advertising"], labels: ["ham", "spam"] }
 */
export function parseLabelWords(list: string): LabelWordList {
  const entries = list.split(",").map((entry) => {
    const equals = entry.lastIndexOf("=");
    return equals < 0
      ? { word: entry.trim(), label: undefined }
      : { word: entry.slice(equals + 1).trim(), label: entry.slice(0, equals).trim() };
  });
  const labels = entries.flatMap(({ label }) => (label === undefined ? [] : [label]));
  if (entries.some(({ word, label }) => word === "" || label === ""))
    throw invalid(list, "has an empty entry");
  if (labels.length !== 0 && labels.length !== entries.length) {
    throw invalid(list, "names the label of some words only");
  }
  if (new Set(labels).size !== labels.length) throw invalid(list, "names a label twice");
  return { words: entries.map(({ word }) => word), labels: labels.length === 0 ? undefined : labels };
}

/**
 * Makes the map from labels in the data to label words.
 *
 * Labels are compared as text without surrounding white space: the number 1, the string "1" and " 1" are one label. What
 * matches none so is taken for a number or a truth value where it is written as one: "1.0" (as pandas writes a column that
 * has gaps) is 1; true, "True" and "TRUE" are the one label that is called so in any capitals, or 1 where the labels are 0
 * and 1, and false is 0.
 *
 * @throws {TaskError} code `invalid-label-words` if there are not as many labels as words.
 */
export function createLabelIndex({ words, labels }: LabelWordList): LabelIndex {
  const names = labels ?? words.map((_, index) => String(index));
  const indices = new Map(names.map((name, index) => [name, index]));
  const numbers = new Map(names.map((name, index) => [wholeNumber(name) ?? name, index]));
  const find = (text: string): number | undefined => {
    const number = wholeNumber(text) ?? text;
    return indices.get(text) ?? indices.get(number) ?? numbers.get(number) ?? truthIndex(names, text);
  };
  if (names.length !== words.length || indices.size !== names.length) {
    throw invalid(words.join(","), `has ${words.length} words for ${indices.size} different labels`);
  }
  return {
    labels: names,
    indexOf(label, line) {
      const index = find(labelText(label));
      if (index === undefined) throw unknownLabel(line, names);
      return index;
    },
  };
}

function labelText(label: unknown): string {
  return typeof label === "string" || typeof label === "number" || typeof label === "boolean"
    ? String(label).trim()
    : "";
}

/** "1.0" -> "1"; `undefined` for what is not a whole number written with zeros after the point. */
function wholeNumber(text: string): string | undefined {
  return /^(-?\d+)\.0+$/u.exec(text)?.[1];
}

/** The index of the label that a truth value stands for; `undefined` where none or several are called so. */
function truthIndex(names: readonly string[], text: string): number | undefined {
  const plain = text.toLowerCase();
  if (plain !== "true" && plain !== "false") return undefined;
  const called = names.filter((name) => name.toLowerCase() === plain);
  if (called.length === 1) return names.indexOf(called[0] ?? "");
  const areNumbers = names.length === 2 && names.includes("0") && names.includes("1");
  return areNumbers ? names.indexOf(plain === "true" ? "1" : "0") : undefined;
}

function invalid(list: string, what: string): TaskError {
  return new TaskError("invalid-label-words", {
    message: `The list of label words "${list}" ${what}.`,
    value: list,
    expected: '"word,word" where the labels are 0, 1, ..., or "label=word,label=word"',
  });
}

function unknownLabel(line: number, labels: readonly string[]): TaskError {
  return new TaskError("unknown-label", {
    message: `The label in line ${line} is not one of the task's.`,
    value: line,
    expected: labels.join(", "),
    next:
      'Give every label its word (--label-words "label=word,label=word"), and leave out rows that have no label, which ' +
      "public test sets mark by -1 or a dash.",
  });
}
