import * as z from "zod";
import { TaskError } from "./errors.js";
import { halfCharacter, read } from "./tokenizer/read.js";

const tokenName = z
  .union([z.string(), z.looseObject({ content: z.string(), lstrip: z.boolean().optional() })])
  .nullish();

const addedToken = z
  .looseObject({
    id: z.int().nonnegative(),
    content: z
      .string()
      .min(1)
      .refine((content) => !halfCharacter.test(content), "it holds half a character"),
    special: z.boolean().default(false),
    lstrip: z.boolean().default(false),
    rstrip: z.boolean().default(false),
    single_word: z.boolean().default(false),
    normalized: z.boolean().optional(),
  })
  .transform((token) => ({ ...token, normalized: token.normalized ?? !token.special }));

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.unknown().optional(),
});

const flag = z.boolean().nullish();

const settingsSchema = z.looseObject({
  cls_token: tokenName,
  sep_token: tokenName,
  pad_token: tokenName,
  mask_token: tokenName,
  unk_token: tokenName,
  bos_token: tokenName,
  eos_token: tokenName,
  tokenizer_class: z.string().nullish(),
  do_lower_case: flag,
  strip_accents: flag,
  tokenize_chinese_chars: flag,
  add_prefix_space: flag,
  add_bos_token: flag,
  add_eos_token: flag,
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).nullish(),
});

/** One entry of `added_tokens`. */
export type AddedToken = z.infer<typeof addedToken>;
/** `tokenizer.json`, checked as far as its added tokens go; its components are checked by what makes them. */
export type TokenizerDefinition = z.infer<typeof tokenizerSchema>;
/** `tokenizer_config.json` or `special_tokens_map.json`, checked as far as dpzo reads it. */
export type TokenizerSettings = z.infer<typeof settingsSchema>;

/** A special token of which only the text and the id are known. */
export function plainToken(id: number, content: string): AddedToken {
  return { id, content, special: true, lstrip: false, rstrip: false, single_word: false, normalized: false };
}

/**
 * Checks a parsed `tokenizer.json`.
 *
 * @throws {TaskError} code `invalid-tokenizer`, with the path of the first entry that does not fit.
 */
export function parseTokenizerDefinition(value: unknown): TokenizerDefinition {
  return read(tokenizerSchema, value, "");
}

/**
 * Checks a parsed `tokenizer_config.json` or `special_tokens_map.json`.
 *
 * @throws {TaskError} code `invalid-tokenizer`, with the path of the first entry that does not fit.
 */
export function parseTokenizerSettings(value: unknown): TokenizerSettings {
  const result = settingsSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path.map(String).join(".") ?? "").slice(0, 160);
  throw new TaskError("invalid-tokenizer", {
    message: `tokenizer_config.json cannot be read${path === "" ? "" : ` at "${path}"`}: ${(issue?.message ?? "unknown form").slice(0, 160)}.`,
    value: path,
    expected: "a tokenizer folder written by transformers 4 or newer",
  });
}

/** The content of a token named in the settings, which may be a string or an added-token object. */
export function contentOf(name: z.infer<typeof tokenName>): string | undefined {
  if (name === null || name === undefined) return undefined;
  return typeof name === "string" ? name : name.content;
}
