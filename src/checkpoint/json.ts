import { CheckpointError } from "./errors.js";

/** A JSON object as parsed: own properties only, values not yet looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses UTF-8 bytes that must be one JSON object without repeated keys.
 *
 * `JSON.parse` keeps the last of two equal keys, and other readers keep the first, so a file with
 * both means different weights to different readers: refused.
 *
 * @param where - what an error calls the bytes.
 * @throws {CheckpointError} codes `not-json`, `duplicate-key`.
 */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  const text = decodeUtf8(bytes, where);
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

/** A parsed value as an error message can show it: short, on one line. */
export function excerpt(value: unknown, maxCharacters = 100): string {
  return JSON.stringify(value).slice(0, maxCharacters);
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

/** Walks valid JSON text token by token with one set of keys for each object that is open. */
function refuseDuplicateKeys(text: string, where: string): void {
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/gsu;
  const open: Set<string>[] = [];
  for (const match of text.matchAll(token)) {
    const [piece, colon] = match;
    if (piece === "{") open.push(new Set());
    else if (piece === "}") open.pop();
    else if (colon !== undefined) addKey(open.at(-1), piece.slice(0, -colon.length), match.index, where);
  }
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
