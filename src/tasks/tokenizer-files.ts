import { z } from "zod";
import { TaskError } from "./errors.js";

const tokenName = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

const addedToken = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
});

const component = z.looseObject({ type: z.string() });

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: component.nullish(),
  pre_tokenizer: component.nullish(),
  post_processor: component.nullish(),
  model: z.looseObject({
    type: z.string().optional(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
  }),
});

const settingsSchema = z.looseObject({
  cls_token: tokenName,
  sep_token: tokenName,
  pad_token: tokenName,
  mask_token: tokenName,
  unk_token: tokenName,
  bos_token: tokenName,
  eos_token: tokenName,
});

/** One entry of `added_tokens`. */
export type AddedToken = z.infer<typeof addedToken>;
/** A normaliser, pre-tokeniser or post-processor of `tokenizer.json`. */
export type TokenizerComponent = z.infer<typeof component>;
/** `tokenizer.json`, checked as far as dpzo reads it; the rest is kept as it came. */
export type TokenizerDefinition = z.infer<typeof tokenizerSchema>;
/** `tokenizer_config.json` or `special_tokens_map.json`, checked as far as dpzo reads it. */
export type TokenizerSettings = z.infer<typeof settingsSchema>;

/**
 * Checks a parsed `tokenizer.json`.
 *
 * @throws {TaskError} code `invalid-tokenizer`, with the path of the first entry that does not fit.
 */
export function parseTokenizerDefinition(value: unknown): TokenizerDefinition {
  return parsed(tokenizerSchema, value, "tokenizer.json");
}

/**
 * Checks a parsed `tokenizer_config.json` or `special_tokens_map.json`.
 *
 * @throws {TaskError} code `invalid-tokenizer`, with the path of the first entry that does not fit.
 */
export function parseTokenizerSettings(value: unknown): TokenizerSettings {
  return parsed(settingsSchema, value, "tokenizer_config.json");
}

/** The content of a token named in the settings, which may be a string or an added-token object. */
export function contentOf(name: z.infer<typeof tokenName>): string | undefined {
  if (name === null || name === undefined) return undefined;
  return typeof name === "string" ? name : name.content;
}

function parsed<Output>(schema: z.ZodType<Output>, value: unknown, file: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.join(".") ?? "";
  throw new TaskError("invalid-tokenizer", {
    message: `${file} cannot be read${path === "" ? "" : ` at "${path}"`}: ${issue?.message ?? "unknown form"}.`,
    value: path,
    expected: "a tokenizer folder written by transformers 4 or newer",
  });
}
