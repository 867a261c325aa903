import { TaskError } from "./errors.js";

/** A stretch of literal text, or a slot to be filled. */
export type TemplatePart =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "mask" }
  | { readonly kind: "pair" }
  | { readonly kind: "text" };

/** A prompt with one place for the record's text, at most one for its second text, and one mask. */
export interface Template {
  /** As it was written. */
  readonly source: string;
  readonly parts: readonly TemplatePart[];
  /** Whether there is a `{pair}`. */
  readonly hasPair: boolean;
}

type SlotKind = "mask" | "pair" | "text";
const slots: readonly SlotKind[] = ["mask", "pair", "text"];
/** A brace written twice, a slot, or a brace that belongs to neither. */
const marker = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * Reads a template such as `{text} it was {mask}.`; `{{` and `}}` stand for braces.
 *
 * Guarantees:
 * - Exactly one `{mask}` and one `{text}`, at most one `{pair}`, and nothing else in braces.
 *
 * @throws {TaskError} codes `template-no-mask`, `template-two-masks`, `template-no-text`,
 * `template-repeated-slot`, `template-unknown-slot`, `template-stray-brace`.
 * @example
 * parseTemplate("{text} it was {mask}.").parts.map(({ kind }) => kind); // ["text", "literal", "mask", "literal"]
 */
export function parseTemplate(source: string): Template {
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
    parts.push({ kind: slotKind(match[1], source) });
  }
  literal += source.slice(end);
  if (literal !== "") parts.push({ kind: "literal", text: literal });
  checkCounts(parts, source);
  return { source, parts, hasPair: parts.some(({ kind }) => kind === "pair") };
}

function slotKind(name: string, source: string): SlotKind {
  const kind = slots.find((slot) => slot === name);
  if (kind !== undefined) return kind;
  throw new TaskError("template-unknown-slot", {
    message: `The template ${JSON.stringify(source)} has a slot {${name}} that dpzo does not know.`,
    value: name,
    expected: "{text}, {pair} and {mask}",
    next: "Write {{ and }} for braces that are meant as text.",
  });
}

function strayBrace(source: string, index: number): TaskError {
  return new TaskError("template-stray-brace", {
    message: `The template ${JSON.stringify(source)} has a lone brace at character ${index + 1}.`,
    value: source.charAt(index),
    next: "Write {{ and }} for braces that are meant as text.",
  });
}

function checkCounts(parts: readonly TemplatePart[], source: string): void {
  const count = (kind: SlotKind): number => parts.filter((part) => part.kind === kind).length;
  const refuse = (
    code: "template-no-mask" | "template-no-text" | "template-two-masks",
    what: string,
  ): never => {
    throw new TaskError(code, {
      message: `The template ${JSON.stringify(source)} ${what}.`,
      value: source,
      expected: "exactly one {mask} and one {text}",
      next: 'For example: "{text} it was {mask}."',
    });
  };
  if (count("mask") === 0) refuse("template-no-mask", "has no {mask}");
  if (count("mask") > 1) refuse("template-two-masks", "has more than one {mask}");
  if (count("text") === 0) refuse("template-no-text", "has no {text}");
  const repeated = slots.find((slot) => count(slot) > 1);
  if (repeated === undefined) return;
  throw new TaskError("template-repeated-slot", {
    message: `The template ${JSON.stringify(source)} has {${repeated}} more than once.`,
    value: repeated,
    expected: "each slot at most once",
  });
}
