import { mostSteps } from "./bounds.js";
import { LedgerError } from "./errors.js";
import { encode } from "./format.js";
import type { RunFolder } from "./mark-store.js";

/** The format's name and version, the first thing in every mark. */
export const markFormat = "dpzo-mark/1";

/** What a machine knows of one run and all its copies: which lines it has seen, and which step was begun last. */
export interface Mark {
  /** Hash of the ledger's header. */
  readonly header: string;
  /** Where the run was last opened. */
  readonly folder: RunFolder;
  /** The hash of every line that was complete, of any copy. */
  readonly lines: ReadonlySet<string>;
  /** The highest step whose line is among them; 0 if none is. */
  readonly lastLine: number;
  /** The line that was completed last; undefined if none was. */
  readonly lastHash: string | undefined;
  /** The highest step that was begun: a batch may have been drawn for it, and for every one below. */
  readonly begun: number;
  /** The lines after the first, as they stand. */
  readonly records: readonly string[];
}

/** What the first line says. */
export interface MarkHeading {
  readonly header: string;
  readonly folder: RunFolder;
}

/** The first line: the run, and where it is. */
export function headingLine({ header, folder }: MarkHeading): string {
  const { path, identity } = folder;
  return `${JSON.stringify({ format: markFormat, header, folder: path, identity })}\n`;
}

/** Says that a step's line is complete, with which hash. */
export function lineRecord(step: number, hash: string): string {
  return `{"step":${step},"hash":"${hash}"}\n`;
}

/** Says that a step was begun. */
export function begunRecord(step: number): string {
  return `{"begun":${step}}\n`;
}

const hashPattern = /^[0-9a-f]{64}$/u;
/** Longer than any path; a first line beyond it is no mark's. */
const longestHeading = 2 ** 16;
const record =
  /^\{"(?:step":(?<step>[1-9]\d{0,6}),"hash":"(?<hash>[0-9a-f]{64})"|begun":(?<begun>[1-9]\d{0,6}))\}$/u;

/**
 * Reads a mark. What follows the last newline was being written when its process ended, and nothing was built on it.
 *
 * @param name what an error calls it
 * @returns undefined if it has no whole first line, so that nothing was recorded
 * @throws {LedgerError} code `mark-damaged`.
 */
export function parseMark(bytes: Uint8Array, name: string): Mark | undefined {
  const heading = parseHeading(bytes, name);
  if (heading === undefined) return undefined;
  const whole = bytes.subarray(bytes.indexOf(10) + 1, bytes.lastIndexOf(10) + 1);
  const records = new TextDecoder().decode(whole).split("\n").slice(0, -1);
  const lines = new Set<string>();
  let [lastLine, begun] = [0, 0];
  let lastHash: string | undefined;
  for (const [index, text] of records.entries()) {
    const parts = record.exec(text)?.groups;
    const step = Number(parts?.["step"] ?? parts?.["begun"] ?? Infinity);
    if (step > mostSteps) throw damaged(name, index + 2);
    begun = Math.max(begun, step);
    const hash = parts?.["hash"];
    if (hash === undefined) continue;
    lines.add(hash);
    lastLine = Math.max(lastLine, step);
    lastHash = hash;
  }
  return { ...heading, lines, lastLine, lastHash, begun, records };
}

/**
 * Reads the first line alone.
 *
 * @throws {LedgerError} code `mark-damaged`.
 */
export function parseHeading(bytes: Uint8Array, name: string): MarkHeading | undefined {
  const end = bytes.subarray(0, longestHeading).indexOf(10);
  if (end < 0 && bytes.length < longestHeading) return undefined;
  const text = new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)));
  const heading = headingOf(text);
  if (heading === undefined || headingLine(heading) !== `${text}\n`) throw damaged(name, 1);
  return heading;
}

function headingOf(text: string): MarkHeading | undefined {
  try {
    const { header, folder, identity } = JSON.parse(text) as Record<string, unknown>;
    if (typeof header !== "string" || !hashPattern.test(header)) return undefined;
    if (typeof folder !== "string" || typeof identity !== "string") return undefined;
    return { header, folder: { path: folder, identity } };
  } catch {
    return undefined;
  }
}

/** The bytes of a mark with these records. */
export function markBytes(heading: MarkHeading, records: readonly string[]): Uint8Array {
  return encode(headingLine(heading) + records.map((text) => `${text}\n`).join(""));
}

function damaged(name: string, line: number): LedgerError {
  return new LedgerError("mark-damaged", {
    message: `${name}, line ${line}, is not what dpzo writes there: how far the run has come cannot be read.`,
    value: name,
    expected: `a mark of format ${markFormat}`,
    next: "If you know that the run's ledger is whole (compare its last hash with a copy), remove that file.",
  });
}
