import { continuationIds } from "./continuation.js";
import { cutText } from "./cut-text.js";
import { TaskError } from "./errors.js";
import { fillSlots, fitTexts, slotTexts, type PromptText, type SlotTexts } from "./prompt-text.js";
import { requiredMask } from "./special-tokens.js";
import { slotNames, type Template } from "./template.js";
import type { TextTokenizer } from "./tokenizer.js";

export type { PromptText } from "./prompt-text.js";

/** A tokenised prompt: ids with special tokens, segment ids, and the position that is read. */
export interface EncodedPrompt {
  readonly inputIds: Int32Array;
  /** All zero: a prompt is one segment, with a pair too. */
  readonly tokenTypeIds: Int32Array;
  /** Where the mask stands, or the last token of a decoder's prompt. */
  readonly maskPosition: number;
  /** The positions that are read instead of `maskPosition`, in increasing order, where several are. */
  readonly readPositions?: readonly number[];
}

/** How a model fills the mask's place: from both sides, or as what follows. */
export type ModelKind = "masked-lm" | "causal-lm";

/** What makes a prompt encoder. */
export interface PromptEncoderOptions {
  readonly tokenizer: TextTokenizer;
  readonly template: Template;
  /** The longest prompt in tokens, special tokens and `lead` included; at most the model's positions. */
  readonly maximumTokens: number;
  /** `masked-lm` unless told. */
  readonly kind?: ModelKind | undefined;
  /** Public text before every prompt: demonstrations. */
  readonly lead?: string | undefined;
  /** Tokens to leave free in every prompt, for what is read after it. */
  readonly reserve?: number | undefined;
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
  /** The tokens of a word, or of any text, in the mask's place. */
  wordIds(word: string): number[];
  /** @param reserve tokens to leave free; as the encoder was told, unless more */
  encode(record: PromptText, reserve?: number): EncodedPrompt;
  /** The prompt as text, cut as {@link encode} cuts it, with `word` in the mask's place. */
  fill(record: PromptText, word: string): string;
}

interface Encoding extends PromptEncoderOptions {
  readonly count: (piece: string) => number;
  readonly fixedTokens: number;
}

/**
 * Makes the function that turns a record into a prompt of at most `maximumTokens` tokens.
 *
 * Guarantees:
 * - Long text is cut, never the prompt; of several texts the longest is cut first.
 * - The tokens are those of the prompt pasted together as one string, with the (cut) text in it.
 * - A special token written in a record's text is tokenised as plain text.
 * - A prompt depends on its own record alone.
 *
 * A masked model's prompt has the mask token in its place, between the tokens that frame a text. A decoder's ends at its
 * last token before `{mask}`, without the space there, which the word that follows carries; before it stands what the
 * tokenizer's post-processor puts before a text, and after it nothing.
 *
 * White space around a record's text is taken off first.
 *
 * @throws {TaskError} codes `invalid-maximum-tokens`; `prompt-too-long` if the fixed part leaves no room for text;
 * `template-special-token` if the template spells out one of the tokenizer's special tokens;
 * `template-mask-not-last` if a decoder's template goes on after `{mask}`; `missing-special-token` if a masked model's
 * tokenizer has no mask. `encode` throws `missing-pair` or `missing-text` where a slot has no text.
 * @example
 * const encoder = createPromptEncoder({ tokenizer, template: parseTemplate("{text} it was {mask}."), maximumTokens: 64 });
 * encoder.encode({ text: "A warm, funny film" }).maskPosition; // 8
 */
export function createPromptEncoder(options: PromptEncoderOptions): PromptEncoder {
  const { tokenizer, template, maximumTokens } = options;
  checkMaximum(maximumTokens);
  checkLiterals(template, tokenizer);
  if (options.kind === "causal-lm") checkMaskLast(template);
  const fixedTokens = compose(options, new Map()).inputIds.length;
  const encoding = { ...options, fixedTokens, count: tokenCounter(tokenizer) };
  checkFixedPart(encoding);
  return {
    maximumTokens,
    fixedTokens,
    maskTakesSpace: maskTakesSpace(options),
    wordIds: (word) => wordIds(options, word),
    encode: (record, reserve) => fit(encoding, record, reserve).prompt,
    fill: (record, word) => fillSlots(template.parts, fit(encoding, record).texts).join(word),
  };
}

interface Fitted {
  readonly texts: SlotTexts;
  readonly prompt: EncodedPrompt;
}

function fit(encoding: Encoding, record: PromptText, reserve = 0): Fitted {
  const limit = encoding.maximumTokens - Math.max(reserve, encoding.reserve ?? 0);
  const texts = slotTexts(encoding.template.parts, record);
  const room = limit - encoding.fixedTokens;
  // Pasted together they may take fewer tokens than by themselves.
  if ([...texts.values()].every((text) => cutText(text, room, encoding.count).whole)) {
    const prompt = compose(encoding, texts);
    if (prompt.inputIds.length <= limit) return { texts, prompt };
  }
  return fitTo(encoding, texts, limit, room);
}

/** Pasting may cost a token more than the pieces by themselves; then the texts get that much less. */
function fitTo(encoding: Encoding, texts: SlotTexts, limit: number, room: number): Fitted {
  const cut = fitTexts(texts, Math.max(0, room), encoding.count);
  const prompt = compose(encoding, cut);
  const excess = prompt.inputIds.length - limit;
  return excess <= 0 || room <= 0 ? { texts: cut, prompt } : fitTo(encoding, texts, limit, room - excess);
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

/** The prompt with these texts pasted in: each side of the mask is tokenised as one string. */
function compose(options: PromptEncoderOptions, texts: SlotTexts): EncodedPrompt {
  return options.kind === "causal-lm" ? composeCausal(options, texts) : composeMasked(options, texts);
}

function composeMasked(
  { tokenizer, template, lead = "" }: PromptEncoderOptions,
  texts: SlotTexts,
): EncodedPrompt {
  const { special } = tokenizer;
  const mask = requiredMask(special);
  const [before = "", after = ""] = fillSlots(template.parts, texts);
  const whole = lead + before;
  const left = tokenizer.encodePlain(mask.takesSpaceBefore ? whole.trimEnd() : whole);
  const right = tokenizer.encodePlain(after);
  const ids = Int32Array.from([...special.prefix, ...left, mask.id, ...right, ...special.suffix]);
  return promptOf(ids, special.prefix.length + left.length);
}

function composeCausal(
  { tokenizer, template, lead = "" }: PromptEncoderOptions,
  texts: SlotTexts,
): EncodedPrompt {
  const { special } = tokenizer;
  const [before = ""] = fillSlots(template.parts, texts);
  const ids = [...special.begin, ...tokenizer.encodePlain((lead + before).replace(/ +$/u, ""))];
  // A prompt of nothing has no position to read, so it begins as a text does.
  if (ids.length === 0) ids.push(special.end ?? special.pad ?? 0);
  return promptOf(Int32Array.from(ids), ids.length - 1);
}

function promptOf(inputIds: Int32Array, maskPosition: number): EncodedPrompt {
  return { inputIds, tokenTypeIds: new Int32Array(inputIds.length), maskPosition };
}

/** What stands before the mask in a prompt of short texts. */
function sampleBefore(template: Template): string {
  const texts = new Map(slotNames(template.parts).map((name) => [name, "x"]));
  return fillSlots(template.parts, texts)[0] ?? "";
}

function maskTakesSpace({ tokenizer, template, kind }: PromptEncoderOptions): boolean {
  if (kind !== "causal-lm" && !requiredMask(tokenizer.special).takesSpaceBefore) return false;
  return (kind === "causal-lm" ? / $/u : /\s$/u).test(sampleBefore(template));
}

function wordIds(options: PromptEncoderOptions, word: string): number[] {
  const { tokenizer, template, kind } = options;
  if (kind !== "causal-lm") return tokenizer.encodePlain((maskTakesSpace(options) ? " " : "") + word);
  const before = sampleBefore(template);
  const stem = before.replace(/ +$/u, "");
  return continuationIds(tokenizer, stem, before.slice(stem.length) + word);
}

function checkMaskLast({ parts, source }: Template): void {
  if (parts.at(-1)?.kind === "mask") return;
  throw new TaskError("template-mask-not-last", {
    message: `The template ${JSON.stringify(source)} goes on after {mask}.`,
    value: source,
    expected: "{mask} at the very end, for a model that predicts what follows",
    next: 'For example: "{text} It was {mask}".',
  });
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

function checkFixedPart({ template, maximumTokens, fixedTokens, reserve = 0 }: Encoding): void {
  const texts = slotNames(template.parts).length + reserve;
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
