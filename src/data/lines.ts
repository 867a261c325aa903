import type { RandomAccessFile } from "../files.js";
import { concatBytes, readPieces } from "../files.js";
import { DataError } from "./errors.js";

/** Some whole lines of a file, checked to be UTF-8. */
export interface LineBlock {
  readonly bytes: Uint8Array;
  /** Number of the first line, counted from 1. */
  readonly firstLine: number;
}

/** How a file is read. */
export interface LineOptions {
  /** Bytes read at once. */
  readonly pieceBytes?: number;
  /** Longest row, in bytes; a longer one is refused, so that a file without line ends cannot fill memory. */
  readonly maxRowBytes?: number;
}

/** 1 MiB at once; rows up to 64 MiB, a thousand times the longest context of today's models. */
export const lineDefaults = { pieceBytes: 2 ** 20, maxRowBytes: 2 ** 26 } as const;

const newline = 0x0a;

/**
 * Reads a file as blocks of whole lines, without a byte order mark.
 *
 * @throws {DataError} codes `invalid-utf8`, `nul-byte`, `row-too-long`, with the line.
 */
export async function* readLineBlocks(
  file: RandomAccessFile,
  options: LineOptions = {},
): AsyncGenerator<LineBlock> {
  const { pieceBytes, maxRowBytes } = { ...lineDefaults, ...options };
  const start = await byteOrderMarkLength(file);
  let rest: Uint8Array[] = [];
  let firstLine = 1;
  for await (const piece of readPieces(file, start, file.size - start, pieceBytes)) {
    const end = piece.lastIndexOf(newline) + 1;
    if (end > 0) {
      const bytes = concatBytes([...rest, piece.subarray(0, end)]);
      refuseWhatIsNoText(bytes, firstLine, file.name);
      yield { bytes, firstLine };
      firstLine += countNewlines(bytes);
      rest = [];
    }
    rest.push(piece.subarray(end));
    if (total(rest) > maxRowBytes) throw tooLong(file.name, firstLine, maxRowBytes);
  }
  const bytes = concatBytes(rest);
  if (bytes.length === 0) return;
  refuseWhatIsNoText(bytes, firstLine, file.name);
  yield { bytes, firstLine };
}

/** The error for a row that does not end in time. */
export function tooLong(file: string, line: number, maxRowBytes: number): DataError {
  return new DataError("row-too-long", {
    message: `The row that begins at line ${line} of ${file} is longer than ${maxRowBytes} bytes.`,
    value: line,
    expected: "one record a row",
    next: "Look for a missing line end or an unclosed quote.",
  });
}

async function byteOrderMarkLength(file: RandomAccessFile): Promise<number> {
  if (file.size < 3) return 0;
  const [a, b, c] = await file.read(0, 3);
  return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
}

function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** How many line ends there are. */
export function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}

function refuseWhatIsNoText(bytes: Uint8Array, firstLine: number, file: string): void {
  refuseInvalidUtf8(bytes, firstLine, file);
  const nul = bytes.indexOf(0);
  if (nul < 0) return;
  const line = firstLine + countNewlines(bytes.subarray(0, nul));
  throw new DataError("nul-byte", {
    message: `Line ${line} of ${file} has a NUL byte.`,
    value: line,
    expected: "a text file in UTF-8",
    next: "In UTF-16 every second byte of plain text is NUL: save it as UTF-8.",
  });
}

function refuseInvalidUtf8(bytes: Uint8Array, firstLine: number, file: string): void {
  if (isUtf8(bytes)) return;
  let line = firstLine;
  for (const part of splitLines(bytes)) {
    if (!isUtf8(part)) break;
    line++;
  }
  throw new DataError("invalid-utf8", {
    message: `Line ${line} of ${file} is not valid UTF-8.`,
    value: line,
    expected: "a text file in UTF-8",
    next: "Save it as UTF-8, without UTF-16 or a legacy code page.",
  });
}

/** Lines without their line feed; a last one without a line feed counts, an empty last one does not. */
export function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  let begin = 0;
  while (begin < bytes.length) {
    const found = bytes.indexOf(newline, begin);
    const end = found < 0 ? bytes.length : found;
    yield bytes.subarray(begin, end);
    begin = end + 1;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
