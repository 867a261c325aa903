import { mostHeaderBytes, mostStepBytes } from "./bounds.js";
import { LedgerError } from "./errors.js";
import {
  concatenate,
  encode,
  ledgerFormat,
  lineHash,
  seal,
  sealedLine,
  stepPrefix,
  stepRest,
} from "./format.js";
import { splitTail } from "./line.js";
import { isValues, parseWholeLines, type Ledger } from "./parse.js";
import { placeOfStep, type LedgerSchedule } from "./schedule.js";

/** What a ledger's bytes come to after a crash. */
export interface Recovery {
  /** The ledger as it now counts; undefined if not even the header was finished, so that nothing was begun. */
  readonly ledger: Ledger | undefined;
  /** The bytes that the file must hold before anything else is written; undefined if it already holds them. */
  readonly replacement: Uint8Array | undefined;
  /** The step that is charged as lost, if one is. */
  readonly lostStep: number | undefined;
}

/**
 * Works out what a ledger is worth after a crash; writes nothing.
 *
 * Guarantees:
 * - A tail that is the beginning of the next step's line charges that step as lost: it is never done again.
 * - The charge and the end of the tail are one replacement, so a crash cannot part them.
 * - A header that is the beginning of one, with nothing else, means that no step was begun: start again.
 * - Anything else that does not end with a newline is an error; nothing is repaired by guessing.
 *
 * Zero bytes at the very end count as not written: file systems fill so what a crash kept from the disk.
 *
 * @throws {LedgerError} code `torn-tail` or `torn-header` if the tail is not the beginning of a line; the codes
 *   of `parseLedger` if a whole line is bad.
 */
export function recoverLedger(bytes: Uint8Array, schedule: LedgerSchedule): Recovery {
  const { whole, tail } = splitTail(bytes);
  if (whole.length === 0) {
    if (!isTornHeader(tail)) throw unexplained("torn-header", 1, 0, "header");
    return { ledger: undefined, replacement: undefined, lostStep: undefined };
  }
  const ledger = parseWholeLines(whole, schedule);
  if (tail.length === 0) return { ledger, replacement: undefined, lostStep: undefined };
  const step = ledger.entries.length + 1;
  const place = placeOfStep(schedule, step);
  if (place === undefined || !isTornStep(tail, ledger.hash, step, place)) {
    throw unexplained("torn-tail", step + 1, whole.length, `line of step ${step}`);
  }
  const { stage } = place;
  const line = sealedLine(ledger.hash, stepPrefix(step, stage) + stepRest(undefined));
  const entries = [...ledger.entries, Object.freeze({ step, stage, lost: true as const })];
  return {
    ledger: { plan: ledger.plan, entries, hash: line.hash },
    replacement: concatenate([whole, line.bytes]),
    lostStep: step,
  };
}

function isTornHeader(tail: Uint8Array): boolean {
  const text = writtenText(tail, mostHeaderBytes);
  const start = `{"format":"${ledgerFormat}","plan":{`;
  return text !== undefined && (start.startsWith(text) || text.startsWith(start));
}

function isTornStep(
  tail: Uint8Array,
  previous: string,
  step: number,
  place: { stage: number; valueCount: number },
): boolean {
  const text = writtenText(tail, mostStepBytes(place.valueCount));
  if (text === undefined) return false;
  const prefix = stepPrefix(step, place.stage);
  const lost = prefix + stepRest(undefined);
  if (isBeginning(text, lost, previous)) return true;
  const list = `${prefix}"values":[`;
  if (list.startsWith(text)) return true;
  if (!text.startsWith(list)) return false;
  const close = text.indexOf("]");
  if (close < 0) return isListBeginning(text.slice(list.length), place.valueCount);
  const values = text.slice(list.length, close).split(",");
  return isList(values, place.valueCount) && isBeginning(text, text.slice(0, close + 1), previous);
}

/** Whether `text` is the beginning of `body` with its seal. */
function isBeginning(text: string, body: string, previous: string): boolean {
  return (body + seal(lineHash(previous, encode(body)))).startsWith(text);
}

/** Whole numbers, then perhaps part of one. */
function isListBeginning(text: string, valueCount: number): boolean {
  const values = text.split(",");
  const last = values.pop() ?? "";
  if (values.length >= valueCount || !/^(-?|0|-?[1-9]\d{0,15})$/.test(last)) return false;
  return values.every(isValue);
}

function isList(values: readonly string[], valueCount: number): boolean {
  return values.length === valueCount && values.every(isValue);
}

function isValue(text: string): boolean {
  return isValues([Number(text)]) && String(Number(text)) === text;
}

/** The tail without the zero bytes at its end, as text; undefined if it is too long. */
function writtenText(tail: Uint8Array, longest: number): string | undefined {
  let end = tail.length;
  while (end > 0 && tail[end - 1] === 0) end -= 1;
  if (end > longest) return undefined;
  // Not fatal: a cut can fall inside a character of a header; in a step any such character is refused later.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(tail.subarray(0, end));
}

function unexplained(
  code: "torn-header" | "torn-tail",
  line: number,
  offset: number,
  what: string,
): LedgerError {
  return new LedgerError(
    code,
    {
      message: `The bytes after the last newline are not the beginning of the ${what}.`,
      expected: "what a crash leaves: the beginning of one line",
      next: "No crash of dpzo leaves this: restore the file from a copy. Do not delete the bytes: a step may have been spent.",
    },
    { line, offset },
  );
}
