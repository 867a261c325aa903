import { cutText, type CutText } from "./cut-text.js";
import { TaskError } from "./errors.js";
import { requiredMask } from "./special-tokens.js";
import type { Template } from "./template.js";
import type { TextTokenizer } from "./tokenizer.js";

/** A tokenised prompt: ids with special tokens, segment ids, and where the mask stands. */
export interface EncodedPrompt {
  readonly inputIds: Int32Array;
  /** All zero: a prompt is one segment, with a pair too. */
  readonly tokenTypeIds: Int32Array;
  readonly maskPosition: number;
  /** The positions that are read instead of `maskPosition`, in increasing order, where several are. */
  readonly readPositions?: readonly number[];
}

/** A record's text and, for tasks on pairs, its second text. */
export interface PromptText {
  readonly text: string;
  readonly pair?: string | undefined;
}

/** What makes a prompt encoder. */
export interface PromptEncoderOptions {
  readonly tokenizer: TextTokenizer;
  readonly template: Template;
  /** The longest prompt in tokens, special tokens included; at most the model's positions. */
  readonly maximumTokens: number;
}

/** Turns records into prompts. */
export interface PromptEncoder {
  readonly maximumTokens: number;
  /** Tokens of the prompt with no text in it. */
  readonly fixedTokens: number;
  /**
   * Whether the word in the mask's place carries a space: one stands before the mask and the tokenizer gives it
   * to the word.
   */
  readonly maskTakesSpace: boolean;
  encode(record: PromptText): EncodedPrompt;
}

interface Encoding extends PromptEncoderOptions {
  readonly count: (piece: string) => number;
  readonly fixedTokens: number;
}

/**
 * Makes the function that turns a record into a prompt of at most `maximumTokens` tokens.
 *
 * Guarantees:
 * - Long text is cut, never the prompt; of two texts the longer is cut first.
 * - The tokens are those of the prompt pasted together as one string, with the (cut) text in it.
 * - A special token written in a record's text is tokenised as plain text.
 * - A prompt depends on its own record alone.
 *
 * White space around a record's text is taken off first.
 *
 * @throws {TaskError} codes `invalid-maximum-tokens`; `prompt-too-long` if the fixed part leaves no room for text;
 * `template-special-token` if the template spells out one of the tokenizer's special tokens;
 * `missing-special-token` if the tokenizer has no mask. `encode` throws `missing-pair` where `{pair}` has no text.
 * @example
 * const encoder = createPromptEncoder({ tokenizer, template: parseTemplate("{text} it was {mask}."), maximumTokens: 64 });
 * encoder.encode({ text: "A warm, funny film" }).maskPosition; // 8
 */
export function createPromptEncoder(options: PromptEncoderOptions): PromptEncoder {
  const { tokenizer, template, maximumTokens } = options;
  checkMaximum(maximumTokens);
  checkLiterals(template, tokenizer);
  const fixedTokens = compose(options, "", "").inputIds.length;
  const encoding = { ...options, fixedTokens, count: tokenCounter(tokenizer) };
  checkFixedPart(encoding);
  return {
    maximumTokens,
    fixedTokens,
    maskTakesSpace: maskTakesSpace(template, tokenizer),
    encode: (record) => encode(encoding, record),
  };
}

function encode(encoding: Encoding, record: PromptText): EncodedPrompt {
  const { template, maximumTokens, fixedTokens } = encoding;
  if (template.hasPair && record.pair === undefined) throw missingPair(template);
  const text = record.text.trim();
  const pair = template.hasPair ? (record.pair ?? "").trim() : "";
  const room = maximumTokens - fixedTokens;
  if (cutTo(encoding, text, room).whole && cutTo(encoding, pair, room).whole) {
    const whole = compose(encoding, text, pair);
    if (whole.inputIds.length <= maximumTokens) return whole;
  }
  return encodeCut(encoding, text, pair, room);
}

/** Pasting may cost a token more than the pieces by themselves; then the texts get that much less. */
function encodeCut(encoding: Encoding, text: string, pair: string, room: number): EncodedPrompt {
  const prompt = compose(encoding, ...share(encoding, text, pair, Math.max(0, room)));
  const excess = prompt.inputIds.length - encoding.maximumTokens;
  return excess <= 0 || room <= 0 ? prompt : encodeCut(encoding, text, pair, room - excess);
}

function cutTo(encoding: Encoding, text: string, limit: number): CutText {
  return cutText(text, limit, encoding.count);
}

/** Counts of pieces kept at most; a text's words come back often. */
const rememberedPieces = 50_000;

/** The number of tokens of a piece of text by itself; those of short pieces are remembered. */
function tokenCounter(tokenizer: TextTokenizer): (piece: string) => number {
  const known = new Map<string, number>();
  return (piece) => {
    const count = known.get(piece) ?? tokenizer.encodePlain(piece).length;
    if (known.size >= rememberedPieces) known.clear();
    if (piece.length <= 32) known.set(piece, count);
    return count;
  };
}

/** The two texts cut to `room` tokens together, the longer first. */
function share(encoding: Encoding, text: string, pair: string, room: number): [string, string] {
  const cut = cutTo(encoding, text, room);
  const pairCut = cutTo(encoding, pair, room);
  if (cut.tokens + pairCut.tokens <= room) return [cut.text, pairCut.text];
  const half = Math.ceil(room / 2);
  if (pairCut.tokens <= room - half) return [cutTo(encoding, text, room - pairCut.tokens).text, pairCut.text];
  if (cut.tokens <= half) return [cut.text, cutTo(encoding, pair, room - cut.tokens).text];
  return [cutTo(encoding, text, half).text, cutTo(encoding, pair, room - half).text];
}

/** The prompt with these texts pasted in: each side of the mask is tokenised as one string. */
function compose(options: PromptEncoderOptions, text: string, pair: string): EncodedPrompt {
  const { tokenizer } = options;
  const { special } = tokenizer;
  const mask = requiredMask(special);
  const [before, after] = pasted(options.template, text, pair);
  const left = tokenizer.encodePlain(mask.takesSpaceBefore ? before.trimEnd() : before);
  const inputIds = Int32Array.from([
    ...special.prefix,
    ...left,
    mask.id,
    ...tokenizer.encodePlain(after),
    ...special.suffix,
  ]);
  return {
    inputIds,
    tokenTypeIds: new Int32Array(inputIds.length),
    maskPosition: special.prefix.length + left.length,
  };
}

function pasted(template: Template, text: string, pair: string): [string, string] {
  const sides: [string, string] = ["", ""];
  let side: 0 | 1 = 0;
  for (const part of template.parts) {
    if (part.kind === "mask") side = 1;
    else sides[side] += part.kind === "literal" ? part.text : part.kind === "text" ? text : pair;
  }
  return sides;
}

function maskTakesSpace(template: Template, tokenizer: TextTokenizer): boolean {
  if (!requiredMask(tokenizer.special).takesSpaceBefore) return false;
  const [before] = pasted(template, "x", "x");
  return /\s$/u.test(before);
}

function checkMaximum(maximumTokens: number): void {
  if (Number.isSafeInteger(maximumTokens) && maximumTokens >= 1) return;
  throw new TaskError("invalid-maximum-tokens", {
    message: `The longest prompt was given as ${String(maximumTokens)} tokens.`,
    value: maximumTokens,
    expected: "a whole number of at least 1",
  });
}

function checkLiterals(template: Template, tokenizer: TextTokenizer): void {
  const literals = template.parts.flatMap((part) => (part.kind === "literal" ? [part.text] : []));
  const found = [...tokenizer.special.byContent.keys()].find((content) =>
    literals.some((literal) => literal.includes(content)),
  );
  if (found === undefined) return;
  throw new TaskError("template-special-token", {
    message: `The template ${JSON.stringify(template.source)} spells out the special token ${found}.`,
    value: found,
    next: "Write {mask} for the mask; the tokens around the prompt are added by dpzo.",
  });
}

function checkFixedPart({ template, maximumTokens, fixedTokens }: Encoding): void {
  const texts = template.hasPair ? 2 : 1;
  if (fixedTokens + texts <= maximumTokens) return;
  throw new TaskError("prompt-too-long", {
    message:
      `The template ${JSON.stringify(template.source)} takes ${fixedTokens} tokens with no text in it, ` +
      `and the longest prompt is ${maximumTokens}.`,
    value: fixedTokens,
    expected: `at most ${maximumTokens - texts}`,
    next: "Shorten the template or allow longer prompts.",
  });
}

function missingPair(template: Template): TaskError {
  return new TaskError("missing-pair", {
    message: `The template ${JSON.stringify(template.source)} has a {pair}, and a record came without one.`,
    expected: "a second text for every record",
    next: "Name its column with --pair.",
  });
}
