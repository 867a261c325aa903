import type { TokenizerComponent, TokenizerDefinition } from "./tokenizer-files.js";

/** GPT-2's pre-tokenisation, with `\s` to be read as Unicode's White_Space (as Rust and Python do). */
const byteLevelPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The definition to hand to `@huggingface/tokenizers` 0.2.0 so that plain text comes out as in the reference.
 *
 * What is changed, and why (each found by comparing with Python's `tokenizers` 0.23.3):
 * - Special added tokens are taken out, so that `[MASK]` written in a text is text. Ids do not change.
 * - A `BertNormalizer` is taken out; `normalizeBertText` runs before the library instead.
 * - `Digits` splits only at decimal digits in the library (`\d`), at every `\p{N}` in the reference (`½`, `²`, `Ⅷ`).
 * - `ByteLevel` counts U+FEFF as white space and U+0085 as none; as a `Split` with the same pattern it does not.
 */
export function definitionForLibrary(
  definition: TokenizerDefinition,
  specialContents: ReadonlySet<string>,
): TokenizerDefinition {
  return {
    ...definition,
    added_tokens: definition.added_tokens.filter(({ content }) => !specialContents.has(content)),
    normalizer: definition.normalizer?.type === "BertNormalizer" ? null : (definition.normalizer ?? null),
    pre_tokenizer: preTokenizerForLibrary(definition.pre_tokenizer),
    post_processor: null,
  };
}

function preTokenizerForLibrary(component: TokenizerComponent | null | undefined): TokenizerComponent | null {
  if (component === null || component === undefined) return null;
  const { pretokenizers } = component;
  if (component.type === "Sequence" && Array.isArray(pretokenizers)) {
    return {
      ...component,
      pretokenizers: pretokenizers.map((part: TokenizerComponent) => preTokenizerForLibrary(part)),
    };
  }
  if (component.type === "Digits")
    return split(component["individual_digits"] === true ? "\\p{N}" : "\\p{N}+");
  if (component.type === "ByteLevel" && component["use_regex"] !== false) return byteLevel(component);
  return component;
}

function split(pattern: string): TokenizerComponent {
  return { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
}

/** A prefix space is added before the split, which only the library's own component can do. */
function byteLevel(component: TokenizerComponent): TokenizerComponent {
  if (component["add_prefix_space"] === true) return component;
  return {
    type: "Sequence",
    pretokenizers: [split(byteLevelPattern), { ...component, use_regex: false }],
  };
}
