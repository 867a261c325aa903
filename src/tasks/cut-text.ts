/** A piece of text that fits, and how many tokens it takes by itself. */
export interface CutText {
  readonly text: string;
  readonly tokens: number;
  /** Whether nothing was cut. */
  readonly whole: boolean;
}

/** A word with the white space before it. */
const unit = /\s*\S+/gu;
/** A word longer than this may be cut inside: a web address, a run of signs, a language written without spaces. */
const longWord = 32;

/**
 * The longest beginning of a text, in whole words, that takes at most `limit` tokens.
 *
 * Words are counted one at a time, so a long text costs no more than what is kept of it. Words of more than 32
 * characters are cut inside, where they must be.
 *
 * @param count Tokens of a string by itself.
 */
export function cutText(text: string, limit: number, count: (text: string) => number): CutText {
  let tokens = 0;
  let end = 0;
  for (const { 0: piece, index } of text.matchAll(unit)) {
    const room = limit - tokens;
    const needed = count(piece);
    if (needed > room) {
      const inside = piece.length > longWord ? cutInside(piece, room, count) : "";
      return {
        text: text.slice(0, end) + inside,
        tokens: tokens + (inside === "" ? 0 : count(inside)),
        whole: false,
      };
    }
    tokens += needed;
    end = index + piece.length;
  }
  return { text, tokens, whole: true };
}

/** The longest beginning of a word, in whole characters, of at most `room` tokens, by bisection. */
function cutInside(word: string, room: number, count: (text: string) => number): string {
  const characters = Array.from(word);
  let fits = 0;
  let tooLong = characters.length;
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (count(characters.slice(0, middle).join("")) <= room) fits = middle;
    else tooLong = middle;
  }
  const kept = characters.slice(0, fits).join("");
  return kept.trim() === "" ? "" : kept;
}
