const utf8 = new TextEncoder();
/** Bytes that stand for themselves in GPT-2's alphabet; the others follow from U+0100. */
const printable = /[!-~\u00A1-\u00AC\u00AE-\u00FF]/;

const alphabet: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    return printable.test(character) ? character : String.fromCharCode(next++);
  });
})();
const bytes: ReadonlyMap<string, number> = new Map(alphabet.map((character, byte) => [character, byte]));

/** GPT-2's way to write a byte as a visible character, for every byte of the text. */
export function toByteLetters(text: string): string {
  let result = "";
  for (const byte of utf8.encode(text)) result += alphabet[byte] ?? "";
  return result;
}

/** The bytes of a token in that alphabet; those of its own text where a character is not in it. */
export function fromByteLetters(token: string): readonly number[] {
  const found: number[] = [];
  for (const character of token) {
    const byte = bytes.get(character);
    if (byte === undefined) return [...utf8.encode(token)];
    found.push(byte);
  }
  return found;
}
