import { CheckpointError } from "./errors.js";
import { checkpointLimits } from "./limits.js";

/** A JSON object as parsed: own properties only, values not yet looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses UTF-8 bytes that must be one JSON object without repeated keys.
 *
 * `JSON.parse` keeps the last of two equal keys, and other readers keep the first, so a file with
 * both means different weights to different readers: refused. Nesting is bounded before anything is built, since a
 * file of brackets alone would take many times its size in memory.
 *
 * @param where - what an error calls the bytes.
 * @throws {CheckpointError} codes `not-json`, `too-deep`, `duplicate-key`.
 */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  const text = decodeUtf8(bytes, where);
  refuseDeepNesting(text, where);
  const value = parseJson(text, where);
  if (!isJsonObject(value)) {
    throw new CheckpointError("not-json", {
      message: `${where} is not a JSON object.`,
      expected: "an object in braces",
    });
  }
  refuseDuplicateKeys(text, where);
  return value;
}

/** Says whether a parsed value is an object (not an array, not null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as an error message can show it: on one line, and cut where it is long. */
export function excerpt(value: unknown, maxCharacters = 100): string {
  const text = typeof value === "number" ? String(value) : asJson(value);
  return text.length <= maxCharacters
    ? text
    : `${text.slice(0, maxCharacters)}... (${text.length} characters)`;
}

function asJson(value: unknown): string {
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === "string" ? text : typeof value;
  } catch {
    // Deeper than the stack, or no JSON at all: what a program handed over, since no file gets this far.
    return typeof value;
  }
}

function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CheckpointError("not-json", {
      message: `${where} is not UTF-8 text.`,
      expected: "JSON in UTF-8",
    });
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : "unknown reason";
    throw new CheckpointError("not-json", { message: `${where} is not JSON: ${reason}.` });
  }
}

/** Text that is not JSON may pass, and is refused by the parser next. */
function refuseDeepNesting(text: string, where: string): void {
  let depth = 0;
  for (const { piece } of structure(text)) {
    if (piece === "{" || piece === "[") depth += 1;
    else if (piece === "}" || piece === "]") depth -= 1;
    if (depth > checkpointLimits.jsonDepth) {
      throw new CheckpointError("too-deep", {
        message: `${where} nests more than ${checkpointLimits.jsonDepth} objects and lists in each other.`,
        value: depth,
        expected: "a file as Hugging Face's tools write it",
      });
    }
  }
}

/** Walks valid JSON text with one set of keys for each object that is open. */
function refuseDuplicateKeys(text: string, where: string): void {
  const open: Set<string>[] = [];
  for (const { piece, at, isKey } of structure(text)) {
    if (piece === "{") open.push(new Set());
    else if (piece === "}") open.pop();
    else if (isKey) addKey(open.at(-1), piece, at, where);
  }
}

/** A bracket, a brace or a quoted string of JSON text. */
interface Piece {
  readonly piece: string;
  /** Characters before it. */
  readonly at: number;
  /** A string that a colon follows. */
  readonly isKey: boolean;
}

function* structure(text: string): Generator<Piece> {
  const next = /["{}[\]]/gu;
  const colon = /\s*:/uy;
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    const at = found.index;
    if (found[0] !== '"') {
      yield { piece: found[0], at, isKey: false };
      continue;
    }
    const end = endOfString(text, at);
    colon.lastIndex = end;
    const isKey = colon.test(text);
    if (isKey) yield { piece: text.slice(at, end), at, isKey };
    next.lastIndex = end;
  }
}

/** The place after the closing quote; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function addKey(keys: Set<string> | undefined, quoted: string, at: number, where: string): void {
  const key = JSON.parse(quoted) as string;
  if (keys?.has(key) === true) {
    throw new CheckpointError("duplicate-key", {
      message: `${where} has the name ${JSON.stringify(key.slice(0, 200))} twice, again at character ${at}.`,
      value: key,
      expected: "every name once",
    });
  }
  keys?.add(key);
}
