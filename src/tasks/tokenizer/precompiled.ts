import { refused } from "./read.js";

const segments = new Intl.Segmenter("en", { granularity: "grapheme" });
const utf8 = new TextEncoder();
/** A user-perceived character of more bytes than this is never looked up as a whole. */
const longestLookup = 5;

/**
 * SentencePiece's rules as they stand in a model (`precompiled_charsmap`), applied as Python's `tokenizers` does.
 *
 * A user-perceived character of at most five bytes is looked up whole, else each of its code points; what counts is the
 * shortest key that it begins with, and all of it is replaced.
 *
 * @throws {TaskError} code `invalid-tokenizer` for data that is no such table.
 * @see google/sentencepiece `normalizer.cc`; huggingface `spm_precompiled`
 */
export function precompiledNormalizer(base64: string, at: string): (text: string) => string {
  const table = parseTable(base64, at);
  const known = new Map<string, string | undefined>();
  const lookup = (chunk: string): string | undefined => {
    if (known.has(chunk)) return known.get(chunk);
    const found = replacement(table, utf8.encode(chunk));
    if (known.size < 65_536) known.set(chunk, found);
    return found;
  };
  const inParts = (grapheme: string): string =>
    Array.from(grapheme)
      .map((part) => lookup(part) ?? part)
      .join("");
  const isShort = (grapheme: string): boolean =>
    grapheme.length <= longestLookup && utf8.encode(grapheme).length <= longestLookup;
  return (text) => {
    let result = "";
    for (const { segment } of segments.segment(text)) {
      result += (isShort(segment) ? lookup(segment) : undefined) ?? inParts(segment);
    }
    return result;
  };
}

/** A double array, and the texts its leaves point into, each ended by a zero byte. */
interface CharacterTable {
  readonly units: Uint32Array;
  readonly texts: Uint8Array;
}

function parseTable(base64: string, at: string): CharacterTable {
  const bytes = decoded(base64, at);
  if (bytes.length < 8) throw refused(at, "the table is too short");
  const view = new DataView(bytes.buffer);
  const size = view.getUint32(0, true);
  if (size % 4 !== 0 || size === 0 || size > bytes.length - 4)
    throw refused(at, "the table has another size than it says");
  const units = Uint32Array.from({ length: size / 4 }, (_, index) => view.getUint32(4 + 4 * index, true));
  return { units, texts: bytes.subarray(4 + size) };
}

function decoded(base64: string, at: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw refused(at, "the table is not in base64");
  }
}

/** The text of the shortest key that the bytes begin with. */
function replacement({ units, texts }: CharacterTable, key: Uint8Array): string | undefined {
  let position = offsetOf(units[0] ?? 0);
  for (const byte of key) {
    if (byte === 0) return undefined;
    position ^= byte;
    const unit = units[position];
    if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
    position ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return textAt(texts, (units[position] ?? 0) & 0x7fffffff);
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function textAt(texts: Uint8Array, start: number): string {
  const end = texts.indexOf(0, start);
  return new TextDecoder().decode(texts.subarray(start, end < 0 ? texts.length : end));
}
