/** The settings of a `BertNormalizer` in `tokenizer.json`. */
export interface BertNormalizerSettings {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  /** Absent: as `lowercase`. */
  readonly stripAccents: boolean | undefined;
  readonly lowercase: boolean;
}

const control = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\0\uFFFD]/gu;
const spacing = /[\t\n\r\p{White_Space}]/gu;
const nonSpacingMark = /\p{Mn}/gu;
/** CJK ideographs as BERT counts them; code points, so that the planes above the first are covered too. */
const ideograph =
  /[\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{F900}-\u{FAFF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * Normalises text as the `BertNormalizer` of Hugging Face's `tokenizers` (Rust) does.
 *
 * Why not the library's: `@huggingface/tokenizers` 0.2.0 walks UTF-16 units, so it never puts spaces around
 * ideographs above U+FFFF, and it lowercases whole strings, where a capital sigma at the end of a Greek word
 * becomes a final sigma; the reference lowercases character by character. Measured against Python's `tokenizers`
 * 0.23.3 on every code point below U+30000: with this function what is left are marks and punctuation that
 * Unicode added after the tables of the reference were made.
 *
 * @example
 * normalizeBertText("Café 東", { cleanText: true, handleChineseCharacters: true, stripAccents: undefined, lowercase: true });
 * // "cafe  東 "
 * @see Devlin et al. 2019, `BasicTokenizer`; huggingface/tokenizers `normalizers/bert.rs`
 */
export function normalizeBertText(text: string, settings: BertNormalizerSettings): string {
  let result = text;
  if (settings.cleanText) result = cleaned(result);
  if (settings.handleChineseCharacters) result = result.replace(ideograph, " $& ");
  if (settings.stripAccents ?? settings.lowercase)
    result = result.normalize("NFD").replace(nonSpacingMark, "");
  return settings.lowercase ? lowercased(result) : result;
}

function cleaned(text: string): string {
  const kept = text.replace(control, (character) => ("\t\n\r".includes(character) ? character : ""));
  return kept.replace(spacing, " ");
}

/** ASCII has no letter whose lower case depends on its neighbours. */
function lowercased(text: string): string {
  if (/^[\0-\x7F]*$/.test(text)) return text.toLowerCase();
  let result = "";
  for (const character of text) result += character.toLowerCase();
  return result;
}
