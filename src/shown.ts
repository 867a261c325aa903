/** Most characters of one quoted value, and of one sentence, that a message shows. */
export const shownLimits = { value: 200, sentence: 1000 } as const;

/** More of a sentence than this is not looked at: a value may be the whole of a file. */
const workLimit = 20_000;

/** Characters that would break the line, hide it or steer a terminal. */
// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The beginning of a text that is longer than `limit`, with its length; a shorter one as it is.
 *
 * @example
 * shortened("x".repeat(13_660), 10); // "xxxxxxxxxx... (13660 characters)"
 */
export function shortened(text: string, limit: number = shownLimits.value): string {
  if (text.length <= limit) return text;
  // Half of a surrogate pair is no character.
  const head = text.slice(0, limit).replace(/[\ud800-\udbff]$/u, "");
  return `${head}... (${text.length} characters)`;
}

/**
 * A sentence for people, on one line and of bounded length, whatever was quoted in it.
 *
 * Guarantees:
 * - No quoted value and no word is longer than {@link shownLimits.value}, the whole not longer than
 *   {@link shownLimits.sentence}, each but for the remark that says how long it was.
 * - No control character and no change of writing direction: a name in a file cannot steer the terminal.
 *
 * @param value the value that the sentence is about, if it is a string: it is cut wherever it stands
 */
export function shownSentence(sentence: string, value?: unknown): string {
  const isLong = typeof value === "string" && value.length > shownLimits.value;
  const known = isLong ? withoutValue(sentence, value) : sentence;
  const bounded = shortened(known, workLimit);
  const cut = bounded
    .replace(/"(?:[^"\\]|\\.)*"/gsu, (quoted) => `"${shortened(quoted.slice(1, -1))}"`)
    .replace(/[^\s"]{201,}/gu, (word) => shortened(word));
  return shortened(cut.replace(unprintable, visible), shownLimits.sentence);
}

function withoutValue(sentence: string, value: string): string {
  const short = shortened(value);
  return sentence.replaceAll(JSON.stringify(value), JSON.stringify(short)).replaceAll(value, short);
}

function visible(character: string): string {
  if (/\s/u.test(character)) return " ";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A value as an error carries it: as it is where it is small, else the beginning of its text. */
export function shownValue(value: unknown): unknown {
  if (typeof value === "string") return shortened(value);
  if (typeof value === "bigint") {
    const text = String(value);
    return text.length <= shownLimits.value ? value : shortened(text);
  }
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return shownObject(value);
}

function shownObject(value: object): unknown {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined || text.length <= shownLimits.sentence ? value : shortened(text);
  } catch {
    // A cycle, or a number that JSON does not have.
    return "an object";
  }
}
