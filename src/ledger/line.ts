import { deepestPlan } from "./bounds.js";
import { notPlain } from "./canonical.js";
import { LedgerError, type LedgerErrorCode, type LedgerPlace } from "./errors.js";
import { encode, hashLabel, sealLength } from "./format.js";

/** A line taken apart, before anything is said about its meaning or its place in the chain. */
export interface Line {
  readonly place: LedgerPlace;
  /** The bytes that the hash covers. */
  readonly body: Uint8Array;
  /** The hash that the line states. */
  readonly hash: string;
  /** The line's JSON without its hash; known to be canonical. */
  readonly content: unknown;
}

const newline = 10;

/** The bytes up to the last newline, and the torn rest after it. */
export function splitTail(bytes: Uint8Array): { whole: Uint8Array; tail: Uint8Array } {
  const end = bytes.lastIndexOf(newline) + 1;
  return { whole: bytes.subarray(0, end), tail: bytes.subarray(end) };
}

/**
 * The lines of a ledger, one after another; `whole` ends with a newline.
 *
 * @param longest the most bytes a line may have, newline included, by its number
 * @throws {LedgerError} codes `line-too-long`, `no-hash`, `not-utf8`, `not-json`, `not-canonical`.
 */
export function* readLines(whole: Uint8Array, longest: (line: number) => number): Generator<Line> {
  let offset = 0;
  for (let line = 1; offset < whole.length; line++) {
    const end = whole.indexOf(newline, offset);
    const place = { line, offset };
    if (end + 1 - offset > longest(line)) {
      throw fail(
        "line-too-long",
        place,
        `The line has ${end + 1 - offset} bytes.`,
        `at most ${longest(line)}`,
      );
    }
    yield readLine(whole.subarray(offset, end), place);
    offset = end + 1;
  }
}

function readLine(bytes: Uint8Array, place: LedgerPlace): Line {
  const end = bytes.length - sealLength;
  const sealed = end > 0 ? String.fromCharCode(...bytes.subarray(end)) : "";
  const hash = sealed.slice(hashLabel.length, -2);
  if (sealed !== `${hashLabel}${hash}"}` || !/^[0-9a-f]{64}$/.test(hash)) {
    const at = { line: place.line, offset: place.offset + Math.max(0, end) };
    throw fail("no-hash", at, "The line does not end with its hash.", `${hashLabel}<64 hex digits>"}`);
  }
  const body = bytes.subarray(0, end);
  return { place, body, hash, content: readContent(body, place) };
}

function readContent(body: Uint8Array, place: LedgerPlace): unknown {
  const text = `${decode(body, place)}}`;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw fail("not-json", place, "The line is not JSON.", "one JSON object");
  }
  const problem = notPlain(content, deepestPlan + 1);
  const canonical = problem === undefined ? JSON.stringify(content) : "";
  if (canonical !== text) {
    const at = { line: place.line, offset: place.offset + commonBytes(canonical, text) };
    const message = `The line is not written in the one way it has${problem === undefined ? "" : `: ${problem}`}.`;
    throw fail("not-canonical", at, message, "JSON as docs/ledger.md writes it");
  }
  return content;
}

function decode(body: Uint8Array, place: LedgerPlace): string {
  try {
    // ignoreBOM keeps a byte order mark as a character, so that it is refused and not dropped.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw fail("not-utf8", place, "The line is not UTF-8.", "UTF-8 without a byte order mark");
  }
}

/** How many bytes two texts share at their start. */
function commonBytes(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return encode(b.slice(0, length)).length;
}

/** A ledger error about bytes that were read. */
export function fail(
  code: LedgerErrorCode,
  place: LedgerPlace,
  message: string,
  expected: string,
): LedgerError {
  const next = "The ledger was changed or damaged after it was written; restore it from a copy.";
  return new LedgerError(code, { message, expected, next }, place);
}
