import { TaskError } from "./errors.js";

/**
 * What is done to a column's text before it is put in its slot.
 *
 * - `{premise:clause}`: a final full stop is taken off, so that the sentence can go on.
 * - `{choice1:lower}`: the first letter is put in lower case, except in the word `I`.
 * - `{question:cause=because,effect=so}`: one text stands for another; any other text of the column is refused.
 */
export type SlotChange =
  | { readonly kind: "clause" }
  | { readonly kind: "lower" }
  | { readonly kind: "map"; readonly texts: ReadonlyMap<string, string> };

/** Reads what stands after the colon of a slot. @throws {TaskError} code `template-unknown-change` */
export function parseSlotChange(source: string, template: string): SlotChange {
  if (source === "clause" || source === "lower") return { kind: source };
  const entries = source.split(",").map((entry): readonly [string, string] => {
    const equals = entry.indexOf("=");
    if (equals < 1) throw unknownChange(source, template);
    return [entry.slice(0, equals).trim(), entry.slice(equals + 1).trim()];
  });
  return { kind: "map", texts: new Map(entries) };
}

/**
 * A column's text as it goes into the slot, without white space around it.
 *
 * @param line where the record stands in its file, from 1
 * @throws {TaskError} code `unknown-slot-text` for a text that a map does not have; it names the line, not the text.
 */
export function changedText(text: string, change: SlotChange | undefined, line: number | undefined): string {
  const trimmed = text.trim();
  switch (change?.kind) {
    case undefined:
      return trimmed;
    case "clause":
      return trimmed.replace(/\s*\.$/u, "");
    case "lower":
      return /^I(?!\p{L})/u.test(trimmed) ? trimmed : trimmed.replace(/^./u, (first) => first.toLowerCase());
    case "map": {
      const found = change.texts.get(trimmed);
      if (found === undefined) throw unknownText(change.texts, line);
      return found;
    }
  }
}

function unknownChange(source: string, template: string): TaskError {
  return new TaskError("template-unknown-change", {
    message: `The template ${JSON.stringify(template)} changes a slot by ${JSON.stringify(source)}.`,
    value: source,
    expected: '"clause", "lower", or "text=text,text=text"',
  });
}

function unknownText(texts: ReadonlyMap<string, string>, line: number | undefined): TaskError {
  return new TaskError("unknown-slot-text", {
    message: `A column that the template maps has another text${line === undefined ? "" : ` in line ${line}`}.`,
    value: line,
    expected: [...texts.keys()].join(", "),
  });
}
