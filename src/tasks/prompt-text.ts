import { cutText } from "./cut-text.js";
import { TaskError } from "./errors.js";
import { changedText } from "./slot-change.js";
import type { Slot, TemplatePart } from "./template.js";

/** A record's texts: those of `{text}` and `{pair}`, and further columns by name. */
export interface PromptText {
  readonly text?: string | undefined;
  readonly pair?: string | undefined;
  /** Texts of the columns that the template or the options name. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** Where the record stands in its file, from 1. */
  readonly line?: number | undefined;
}

/** What goes into each slot, by the slot's name; nothing where there is none. */
export type SlotTexts = ReadonlyMap<string, string>;

/**
 * The record's text for each slot, changed as the slot says.
 *
 * @throws {TaskError} codes `missing-pair`, `missing-text`, `unknown-slot-text`; the message holds nothing of the record.
 */
export function slotTexts(parts: readonly TemplatePart[], record: PromptText): SlotTexts {
  const slots = parts.filter((part): part is Slot => part.kind === "slot");
  return new Map(
    slots.map(({ name, change }) => [name, changedText(required(record, name), change, record.line)]),
  );
}

function required(record: PromptText, name: string): string {
  const { text, pair, fields } = record;
  const own = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
  const found = name === "text" ? text : name === "pair" ? pair : own;
  if (found !== undefined) return found;
  if (name === "pair") {
    throw new TaskError("missing-pair", {
      message: "The template has a {pair}, and a record came without one.",
      expected: "a second text for every record",
      next: "Name its column with --pair.",
    });
  }
  throw new TaskError("missing-text", {
    message: `A slot {${name}} is to be filled, and a record came without that text.`,
    value: name,
    expected: `a column ${JSON.stringify(name)} in every record`,
  });
}

/** The text on each side of the mask, with the slots filled. */
export function fillSlots(parts: readonly TemplatePart[], texts: SlotTexts): readonly string[] {
  const sides: string[] = [];
  let side = "";
  for (const part of parts) {
    if (part.kind === "mask") {
      sides.push(side);
      side = "";
    } else side += part.kind === "literal" ? part.text : (texts.get(part.name) ?? "");
  }
  return [...sides, side];
}

/**
 * The texts cut to `room` tokens together, the longest first: each keeps what it has up to an even part of what the
 * shorter ones leave.
 *
 * @param count tokens of a string by itself
 */
export function fitTexts(texts: SlotTexts, room: number, count: (text: string) => number): SlotTexts {
  const cuts = new Map([...texts].map(([name, text]) => [name, cutText(text, room, count)]));
  const total = [...cuts.values()].reduce((sum, { tokens }) => sum + tokens, 0);
  if (total <= room) return new Map([...cuts].map(([name, { text }]) => [name, text]));
  const parts = evenParts(
    [...cuts].map(([name, { tokens }]) => [name, tokens]),
    room,
  );
  return new Map([...texts].map(([name, text]) => [name, cutText(text, parts.get(name) ?? 0, count).text]));
}

/** What each may have of `room`: its own length where that is no more than an even part, else that part. */
function evenParts(
  wanted: readonly (readonly [string, number])[],
  room: number,
): ReadonlyMap<string, number> {
  const parts = new Map<string, number>();
  let open = wanted;
  let left = room;
  while (open.length > 0) {
    const even = Math.floor(left / open.length);
    const odd = left % open.length;
    const limits = new Map(open.map(([name], index) => [name, index < odd ? even + 1 : even]));
    const small = open.filter(([name, tokens]) => tokens <= (limits.get(name) ?? 0));
    if (small.length === 0) {
      for (const [name, limit] of limits) parts.set(name, limit);
      return parts;
    }
    for (const [name, tokens] of small) {
      parts.set(name, tokens);
      left -= tokens;
    }
    open = open.filter(([name]) => !parts.has(name));
  }
  return parts;
}
