import * as z from "zod";
import { placesOf } from "./characters.js";

/** What becomes of the parts of a text that a pattern matches. */
export const behaviorSchema = z.enum([
  "Isolated",
  "Removed",
  "Contiguous",
  "MergedWithPrevious",
  "MergedWithNext",
]);
/** See `behaviorSchema`. */
export type SplitBehavior = z.infer<typeof behaviorSchema>;

interface Part {
  readonly start: number;
  end: number;
  readonly isMatch: boolean;
}

/**
 * Splits a text at the matches of a pattern, as `NormalizedString::split` of Hugging Face's `tokenizers` does.
 *
 * @param inverted what lies between the matches counts as matched, and they do not
 * @returns places in the text, none empty
 */
export function splitAt(
  text: string,
  pattern: RegExp,
  behavior: SplitBehavior,
  inverted = false,
): readonly Pick<Part, "start" | "end">[] {
  const parts = partsOf(text, pattern, inverted);
  switch (behavior) {
    case "Isolated":
      return parts;
    case "Removed":
      return parts.filter(({ isMatch }) => !isMatch);
    case "Contiguous":
      return joined(parts, (part, before) => part.isMatch === before);
    case "MergedWithPrevious":
      return joined(parts, (part, before) => part.isMatch && !before);
    case "MergedWithNext":
      return joinedWithNext(parts);
  }
}

function partsOf(text: string, pattern: RegExp, inverted: boolean): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { start, end } of placesOf(text, pattern)) {
    if (start > from) parts.push({ start: from, end: start, isMatch: inverted });
    parts.push({ start, end, isMatch: !inverted });
    from = end;
  }
  if (from < text.length) parts.push({ start: from, end: text.length, isMatch: inverted });
  return parts;
}

/** Joins a part to the one before it where the rule says so; the first part has nothing before it. */
function joined(parts: readonly Part[], joins: (part: Part, isMatchBefore: boolean) => boolean): Part[] {
  const result: Part[] = [];
  let before = false;
  for (const part of parts) {
    const last = result[result.length - 1];
    if (last && joins(part, before)) last.end = part.end;
    else result.push({ ...part });
    before = part.isMatch;
  }
  return result;
}

/** A match goes to what follows it; two matches side by side stay apart, and the last joins. */
function joinedWithNext(parts: readonly Part[]): Part[] {
  const result: Part[] = [];
  let after = false;
  for (const part of [...parts].reverse()) {
    const next = result[result.length - 1];
    if (next && part.isMatch && !after) result.splice(-1, 1, { ...next, start: part.start });
    else result.push(part);
    after = part.isMatch;
  }
  return result.reverse();
}
