import { TaskError } from "./errors.js";
import { fillSlots, slotTexts, type PromptText } from "./prompt-text.js";
import { parseParts, type TemplatePart } from "./template.js";

/** Options and, where they were named, the labels they stand for. */
export interface OptionList {
  /** As they were written. */
  readonly sources: readonly string[];
  readonly parts: readonly (readonly TemplatePart[])[];
  /** In the options' order; absent: the data's labels are 0, 1, ... in that order. */
  readonly labels: readonly string[] | undefined;
}

/** `label=` at the beginning of an option. */
const labelled = /^\s*([^={}\s]+)=(.*)$/su;

/**
 * Reads `{choice1}|{choice2}` (for labels 0, 1, ...) or `no=it is not|yes=it is` (for labels by name).
 *
 * @throws {TaskError} code `invalid-options`: fewer than two, an empty one, two of the same text, `{mask}` in one, or
 * labels for some only; and the codes of a slot.
 * @example
 * parseOptions("{choice1:lower}|{choice2:lower}").sources; // ["{choice1:lower}", "{choice2:lower}"]
 */
export function parseOptions(list: string): OptionList {
  const entries = list.split("|").map((entry) => {
    const [, label, text = entry] = labelled.exec(entry) ?? [];
    return { label, text: text.trim() };
  });
  const sources = entries.map(({ text }) => text);
  const labels = entries.flatMap(({ label }) => label ?? []);
  const parts = sources.map(parseParts);
  if (entries.length < 2) throw invalid(list, "has fewer than two options");
  if (sources.includes("")) throw invalid(list, "has an empty option");
  if (new Set(sources).size < sources.length) throw invalid(list, "has an option twice");
  if (parts.flat().some(({ kind }) => kind === "mask")) throw invalid(list, "has a {mask} in an option");
  if (labels.length > 0 && labels.length < entries.length)
    throw invalid(list, "names the label of some options only");
  return { sources, parts, labels: labels.length === 0 ? undefined : labels };
}

/** The text of each option for a record. @throws {TaskError} codes `missing-text`, `unknown-slot-text` */
export function optionTexts({ parts }: OptionList, record: PromptText): readonly string[] {
  return parts.map((option) => fillSlots(option, slotTexts(option, record))[0] ?? "");
}

function invalid(list: string, what: string): TaskError {
  return new TaskError("invalid-options", {
    message: `The list of options ${JSON.stringify(list)} ${what}.`,
    value: list,
    expected: '"text|text" where the labels are 0, 1, ..., or "label=text|label=text"',
  });
}
