import * as z from "zod";
import { PatternReader } from "./pattern-reader.js";
import { literal } from "./pattern-sets.js";
import { halfCharacter, refused, shown } from "./read.js";

/** A pattern of `tokenizer.json`. */
export const patternSchema = z.union([
  z.strictObject({ Regex: z.string() }),
  z.strictObject({ String: z.string() }),
]);

/** Characters of a pattern; the longest in public tokenizers has about 500. */
const longestPattern = 5_000;

/**
 * Translates a pattern for Oniguruma, which Python's `tokenizers` uses, into one for JavaScript that finds the same.
 *
 * Read is a part of the language in which both agree, and in which no pattern takes more than polynomial time: literals, classes,
 * `\p{...}`, `\s \d \w`, groups, alternatives, `(?i:...)`, looking ahead, and greedy quantifiers. A quantifier that may
 * take more than one character stands on one character only; at most three of them follow each other.
 *
 * @throws {TaskError} code `invalid-tokenizer` for everything else, and for a pattern that the empty text matches.
 */
export function compilePattern(pattern: z.infer<typeof patternSchema>, at: string): RegExp {
  const source = "Regex" in pattern ? pattern.Regex : pattern.String;
  if (source.length > longestPattern)
    throw refused(at, `the pattern has ${source.length} characters`, `at most ${longestPattern}`);
  if (halfCharacter.test(source)) throw refused(at, "the pattern holds half a character");
  if (source === "") throw refused(at, "the pattern is empty");
  if ("String" in pattern) return new RegExp(Array.from(source).map(literal).join(""), "gv");
  const { text, isNullable } = new PatternReader(source, (reason) =>
    refused(at, `the pattern ${shown(source)} ${reason}`),
  ).read();
  if (isNullable) throw refused(at, `the pattern ${shown(source)} matches the empty text`);
  return new RegExp(text, "gv");
}
