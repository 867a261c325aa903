import { halfCharacter, refused, shown } from "./read.js";

/** Ids are below this, so that a pair of them is one exact number; the largest vocabulary of a public model has 262,144 tokens. */
export const idLimit = 2 ** 26;

/**
 * Reads a vocabulary written as an object from tokens to ids.
 *
 * @throws {TaskError} code `invalid-tokenizer` for one that is empty, for an id that is no whole number from 0 below `idLimit` or
 *   that two tokens have, and for a token with half a character.
 */
export function readVocabulary(value: unknown, at: string): Map<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refused(at, "there is no vocabulary", "an object from tokens to ids");
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  if (entries.length === 0) throw refused(at, "the vocabulary is empty");
  const ids = new Map<string, number>();
  const taken = new Set<number>();
  for (const [token, id] of entries) {
    const checked = checkedId(id, token, at);
    if (taken.has(checked)) throw refused(at, `two tokens have the id ${checked}`);
    taken.add(checked);
    ids.set(checkedToken(token, at), checked);
  }
  return ids;
}

/** A token without half a character, which no other tokenizer could have read. */
export function checkedToken(token: string, at: string): string {
  if (halfCharacter.test(token)) throw refused(at, "a token holds half a character");
  return token;
}

/** The id of a token that the model needs, such as that for what it does not know. */
export function requiredId(ids: ReadonlyMap<string, number>, token: string, at: string): number {
  const id = ids.get(token);
  if (id !== undefined) return id;
  throw refused(at, `the token ${shown(token)} is not in the vocabulary`);
}

/** The ids of `<0x00>` to `<0xFF>`, by byte; undefined where one is not in the vocabulary. */
export function byteIds(ids: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => {
    return ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  });
}

const utf8 = new TextEncoder();

/** The ids of a text's bytes; undefined where one of them has none. */
export function asBytes(text: string, bytes: readonly (number | undefined)[]): readonly number[] | undefined {
  const found = Array.from(utf8.encode(text), (byte) => bytes[byte]);
  return found.every((id) => id !== undefined) ? found : undefined;
}

function checkedId(id: unknown, token: string, at: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < idLimit) return id;
  const what = typeof id === "number" ? shown(id) : id === null ? "null" : `a value of type ${typeof id}`;
  throw refused(at, `the token ${shown(token)} has the id ${what}`, `a whole number from 0 below ${idLimit}`);
}
