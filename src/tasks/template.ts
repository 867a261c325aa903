import { TaskError } from "./errors.js";
import { parseSlotChange, type SlotChange } from "./slot-change.js";

/** Where a column's text goes, and what is done to it first. */
export interface Slot {
  readonly kind: "slot";
  /** `text` and `pair` for the columns that these flags name, else a column's own name. */
  readonly name: string;
  readonly change?: SlotChange;
}

/** A stretch of literal text, a slot to be filled, or the place the model fills. */
export type TemplatePart =
  { readonly kind: "literal"; readonly text: string } | { readonly kind: "mask" } | Slot;

/** A prompt with places for a record's texts, and one that the model fills. */
export interface Template {
  /** As it was written. */
  readonly source: string;
  readonly parts: readonly TemplatePart[];
  /** Whether there is a `{pair}`. */
  readonly hasPair: boolean;
}

/** A brace written twice, a slot, or a brace that belongs to neither. */
const marker = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * Reads a template such as `{text} it was {mask}.`; `{{` and `}}` stand for braces.
 *
 * A slot is `{name}` for the text of the column `name`, or `{name:change}` with a change of {@link SlotChange}.
 *
 * Guarantees:
 * - Exactly one `{mask}`, one slot or more besides `{pair}`, and none twice.
 *
 * @throws {TaskError} codes `template-no-mask`, `template-two-masks`, `template-no-text`,
 * `template-repeated-slot`, `template-unknown-slot`, `template-unknown-change`, `template-stray-brace`.
 * @example
 * parseTemplate("{text} it was {mask}.").parts.map(({ kind }) => kind); // ["slot", "literal", "mask", "literal"]
 */
export function parseTemplate(source: string): Template {
  const parts = parseParts(source);
  checkCounts(parts, source);
  return { source, parts, hasPair: slotNames(parts).includes("pair") };
}

/** The parts of any text with slots, whatever slots there are. */
export function parseParts(source: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = "";
  let end = 0;
  for (const match of source.matchAll(marker)) {
    literal += source.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === "{{" || match[0] === "}}") {
      literal += match[0].slice(1);
      continue;
    }
    if (match[1] === undefined) throw strayBrace(source, match.index);
    if (literal !== "") parts.push({ kind: "literal", text: literal });
    literal = "";
    parts.push(slotOf(match[1], source));
  }
  literal += source.slice(end);
  if (literal !== "") parts.push({ kind: "literal", text: literal });
  return parts;
}

/** The names of the slots, in their order. */
export function slotNames(parts: readonly TemplatePart[]): readonly string[] {
  return parts.flatMap((part) => (part.kind === "slot" ? [part.name] : []));
}

function slotOf(content: string, source: string): TemplatePart {
  if (content === "mask") return { kind: "mask" };
  const colon = content.indexOf(":");
  const name = colon < 0 ? content : content.slice(0, colon);
  if (name.trim() !== name || name === "" || name === "mask") {
    throw new TaskError("template-unknown-slot", {
      message: `The template ${JSON.stringify(source)} has a slot {${content}} that names no column.`,
      value: content,
      expected: "{text}, {pair}, {mask}, or a column of the data file",
      next: "Write {{ and }} for braces that are meant as text.",
    });
  }
  if (colon < 0) return { kind: "slot", name };
  return { kind: "slot", name, change: parseSlotChange(content.slice(colon + 1), source) };
}

function strayBrace(source: string, index: number): TaskError {
  return new TaskError("template-stray-brace", {
    message: `The template ${JSON.stringify(source)} has a lone brace at character ${index + 1}.`,
    value: source.charAt(index),
    next: "Write {{ and }} for braces that are meant as text.",
  });
}

function checkCounts(parts: readonly TemplatePart[], source: string): void {
  const masks = parts.filter(({ kind }) => kind === "mask").length;
  const slots = slotNames(parts);
  const refuse = (
    code: "template-no-mask" | "template-no-text" | "template-two-masks",
    what: string,
  ): never => {
    throw new TaskError(code, {
      message: `The template ${JSON.stringify(source)} ${what}.`,
      value: source,
      expected: "exactly one {mask}, and a {text}",
      next: 'For example: "{text} it was {mask}."',
    });
  };
  if (masks === 0) refuse("template-no-mask", "has no {mask}");
  if (masks > 1) refuse("template-two-masks", "has more than one {mask}");
  if (slots.every((name) => name === "pair")) refuse("template-no-text", "has no {text}");
  const repeated = slots.find((name, index) => slots.indexOf(name) !== index);
  if (repeated === undefined) return;
  throw new TaskError("template-repeated-slot", {
    message: `The template ${JSON.stringify(source)} has {${repeated}} more than once.`,
    value: repeated,
    expected: "each slot at most once",
  });
}
