import { bertControl, bertMark, lowercased } from "./tokenizer/characters.js";
import { inForm } from "./tokenizer/unicode-form.js";

/** The settings of a `BertNormalizer` in `tokenizer.json`. */
export interface BertNormalizerSettings {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  /** Absent: as `lowercase`. */
  readonly stripAccents: boolean | undefined;
  readonly lowercase: boolean;
}

const spacing = /[\t\n\r\p{White_Space}]/gu;
/** CJK ideographs as BERT counts them; code points, so that the planes above the first are covered too. */
const ideograph =
  /[\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{F900}-\u{FAFF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * Normalises text as the `BertNormalizer` of Hugging Face's `tokenizers` (Rust) does.
 *
 * Measured against Python's `tokenizers` 0.23.3 on every code point (`tools/tokenizers`): the tables of marks and of what is dropped are
 * the reference's own, which are of Unicode 8.
 *
 * @example
 * normalizeBertText("Café 東", { cleanText: true, handleChineseCharacters: true, stripAccents: undefined, lowercase: true });
 * // "cafe  東 "
 * @see Devlin et al. 2019, `BasicTokenizer`; huggingface/tokenizers `normalizers/bert.rs`
 */
export function normalizeBertText(text: string, settings: BertNormalizerSettings): string {
  let result = text;
  if (settings.cleanText) result = result.replace(bertControl, "").replace(spacing, " ");
  if (settings.handleChineseCharacters) result = result.replace(ideograph, " $& ");
  if (settings.stripAccents ?? settings.lowercase) result = inForm(result, "NFD").replace(bertMark, "");
  return settings.lowercase ? lowercased(result) : result;
}
