import { TaskError } from "./errors.js";
import type { Frame } from "./tokenizer/post-processor.js";
import { hasComponent } from "./tokenizer/pre-tokenizers.js";
import { shown } from "./tokenizer/read.js";
import { contentOf, type TokenizerDefinition, type TokenizerSettings } from "./tokenizer-files.js";

type Component = Readonly<Record<string, unknown>>;

/** Classes that transformers builds from the vocabulary and its own settings, passing over the normaliser of the file. */
const bertClasses = /^(?:Bert|DistilBert|Electra|MobileBert|MPNet)Tokenizer(?:Fast)?$/;
/** The same of the pre-tokeniser. */
const prefixClasses = /^(?:Roberta|GPT2|XLMRoberta|Camembert|Llama|Qwen2)Tokenizer(?:Fast)?$/;

/**
 * Checks that `tokenizer_config.json` says nothing else than `tokenizer.json`.
 *
 * Where they contradict each other transformers 5 takes the first for the classes it builds itself, and the second for others; which
 * of them was meant cannot be known, so the folder is refused.
 *
 * @param frame what the post-processor puts around a text
 * @throws {TaskError} code `invalid-tokenizer`, naming the field and both values.
 */
export function checkSettings(
  definition: TokenizerDefinition,
  settings: TokenizerSettings,
  frame: Frame | undefined,
): void {
  checkPreTokenizer(definition, settings);
  checkBert(definition.normalizer, settings);
  checkPrefixSpace(definition, settings);
  checkFrame(definition, settings, frame);
  checkAdded(definition, settings);
}

/** Of these classes transformers 5 takes the vocabulary alone, whatever else the file says. */
function checkPreTokenizer(
  { pre_tokenizer, normalizer }: TokenizerDefinition,
  settings: TokenizerSettings,
): void {
  const name = settings.tokenizer_class ?? "";
  const typeOf = (part: unknown): unknown => (part as Component | null | undefined)?.["type"];
  const isBert = bertClasses.test(name);
  if (isBert && typeOf(normalizer) !== "BertNormalizer") {
    throw contradiction("tokenizer_class", name, "normalizer", typeOf(normalizer));
  }
  const wanted = isBert ? "BertPreTokenizer" : /^Roberta/.test(name) ? "ByteLevel" : undefined;
  if (wanted !== undefined && typeOf(pre_tokenizer) !== wanted) {
    throw contradiction("tokenizer_class", name, "pre_tokenizer", typeOf(pre_tokenizer));
  }
}

function checkBert(normalizer: unknown, settings: TokenizerSettings): void {
  if (!bertClasses.test(settings.tokenizer_class ?? "")) return;
  let found: Component | undefined;
  hasComponent(
    normalizer,
    (part) => {
      if (part["type"] === "BertNormalizer") found ??= part;
      return found !== undefined;
    },
    "normalizers",
  );
  if (found === undefined) return;
  const lower = settings.do_lower_case ?? true;
  const { lowercase, handle_chinese_chars: chinese, strip_accents: strips } = found;
  if (lowercase !== lower) throw contradiction("do_lower_case", lower, "lowercase", lowercase);
  const wanted = settings.strip_accents ?? lower;
  if ((strips ?? lowercase) !== wanted)
    throw contradiction("strip_accents", wanted, "strip_accents", strips ?? lowercase);
  const spaced = settings.tokenize_chinese_chars ?? true;
  if (chinese !== spaced)
    throw contradiction("tokenize_chinese_chars", spaced, "handle_chinese_chars", chinese);
}

function checkPrefixSpace(
  { normalizer, pre_tokenizer }: TokenizerDefinition,
  settings: TokenizerSettings,
): void {
  const adds = settings.add_prefix_space;
  if (typeof adds !== "boolean" || !prefixClasses.test(settings.tokenizer_class ?? "")) return;
  const isAdded = (part: Component): boolean =>
    (part["type"] === "ByteLevel" && part["add_prefix_space"] === true) ||
    (part["type"] === "Metaspace" && part["prepend_scheme"] !== "never") ||
    part["type"] === "Prepend";
  const found =
    hasComponent(pre_tokenizer, isAdded, "pretokenizers") || hasComponent(normalizer, isAdded, "normalizers");
  if (found !== adds) throw contradiction("add_prefix_space", adds, "a space put before a text", found);
}

function checkFrame(
  definition: TokenizerDefinition,
  settings: TokenizerSettings,
  frame: Frame | undefined,
): void {
  const idOf = (content: string | undefined): number | undefined =>
    definition.added_tokens.find((token) => token.content === content)?.id;
  const begin = idOf(contentOf(settings.bos_token));
  const end = idOf(contentOf(settings.eos_token));
  const begins = begin !== undefined && frame?.prefix.includes(begin) === true;
  const ends = end !== undefined && frame?.suffix.includes(end) === true;
  const { add_bos_token: addsBegin, add_eos_token: addsEnd } = settings;
  if (begin !== undefined && typeof addsBegin === "boolean" && addsBegin !== begins) {
    throw contradiction("add_bos_token", addsBegin, "bos_token put before a text", begins);
  }
  if (end !== undefined && typeof addsEnd === "boolean" && addsEnd !== ends) {
    throw contradiction("add_eos_token", addsEnd, "eos_token put after a text", ends);
  }
}

const tokenFlags = ["single_word", "lstrip", "rstrip", "normalized", "special"] as const;

function checkAdded({ added_tokens }: TokenizerDefinition, settings: TokenizerSettings): void {
  const byContent = new Map(added_tokens.map((token) => [token.content, token]));
  for (const [id, saved] of Object.entries(settings.added_tokens_decoder ?? {})) {
    const token = byContent.get(saved.content);
    const name = `added_tokens_decoder.${id.slice(0, 12)}`;
    if (token === undefined) throw contradiction(name, shown(saved.content), "added_tokens", "without it");
    if (String(token.id) !== id) throw contradiction(name, shown(saved.content), "its id", token.id);
    for (const field of tokenFlags) {
      const value = saved[field];
      if (value !== undefined && value !== token[field]) {
        throw contradiction(`${name}.${field}`, shown(value), field, token[field]);
      }
    }
  }
  const mask = settings.mask_token;
  const token = byContent.get(contentOf(mask) ?? "");
  if (typeof mask !== "object" || mask?.lstrip === undefined || token === undefined) return;
  if (mask.lstrip !== token.lstrip)
    throw contradiction("mask_token.lstrip", mask.lstrip, "lstrip", token.lstrip);
}

function contradiction(field: string, value: unknown, other: string, found: unknown): TaskError {
  return new TaskError("invalid-tokenizer", {
    message: `tokenizer_config.json says ${field} ${String(value)}, and tokenizer.json says ${other} ${shown(found)}.`,
    value: field,
    expected: "the same in both files",
    next:
      "transformers builds this tokenizer from the first and others read the second; " +
      "correct the one that is not what the model was trained with.",
  });
}
