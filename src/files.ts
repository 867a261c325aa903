import { DpzoError } from "./errors.js";

/** Closed list of what can go wrong with a file or folder, before anyone looks at its content. */
export type FileErrorCode =
  | "not-found"
  | "not-a-folder"
  | "not-a-file"
  | "no-permission"
  | "no-space"
  | "unsafe-name"
  | "out-of-range"
  | "short-read"
  | "closed"
  | "read-failed"
  | "write-failed";

/** Thrown by every file adapter; `value` is the path. */
export class FileError extends DpzoError<FileErrorCode> {}

/** A file that can be read at any place; `name` is what an error message should call it. */
export interface RandomAccessFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`, in an array that is the caller's; fewer is an error. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A folder: the names it lists have no separators, and nothing above it can be reached. */
export interface FolderReader {
  readonly name: string;
  /** Names of the files in it (no sub-folders), sorted by code units. */
  list(): Promise<string[]>;
  open(name: string): Promise<RandomAccessFile>;
  /** A folder inside, which need not be there: then its files are not. */
  folder(name: string): FolderReader;
}

/** Writes whole files; a reader sees the old file or the new one, never a part. */
export interface FolderWriter {
  readonly name: string;
  write(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** A folder inside, made when something is written to it. */
  folder(name: string): FolderWriter;
}

/** A folder in memory, for tests and for browsers; a file of a folder inside has its name and a slash before its own. */
export interface MemoryFolder extends FolderReader, FolderWriter {
  readonly files: Map<string, Uint8Array>;
  folder(name: string): MemoryFolder;
}

/** Longest file name the usual file systems take, in bytes of UTF-8. */
const longestFileName = 255;

/**
 * Says whether `name` is one plain file name: no separator, no `..`, no drive, no control character.
 *
 * @example
 * isPlainFileName("model.safetensors"); // true
 * isPlainFileName("../model.safetensors"); // false
 */
export function isPlainFileName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  if (new TextEncoder().encode(name).length > longestFileName) return false;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[/\\:\u0000-\u001f\u007f]/.test(name);
}

/**
 * Refuses a name that could lead out of `folder`.
 *
 * @throws {FileError} code `unsafe-name`.
 */
export function assertPlainFileName(folder: string, name: string): void {
  if (isPlainFileName(name)) return;
  throw new FileError("unsafe-name", {
    message: `${JSON.stringify(name.slice(0, 100))} is not a file name inside ${folder}.`,
    value: name,
    expected: "one plain name without separators, `..`, colons or control characters",
  });
}

/**
 * Refuses a read outside `file`.
 *
 * @throws {FileError} code `out-of-range`.
 */
export function assertRange(name: string, size: number, offset: number, length: number): void {
  const fits = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (fits && offset + length <= size) return;
  throw new FileError("out-of-range", {
    message: `Cannot read ${length} bytes at byte ${offset} of ${name}, which has ${size}.`,
    value: offset,
    expected: `a range inside 0..${size}`,
  });
}

/**
 * Reads `length` bytes from `offset` in pieces, so that memory stays at one piece.
 *
 * @param pieceBytes - size of a piece, 8 MiB unless told: large enough that the cost per call does not show.
 */
export async function* readPieces(
  file: RandomAccessFile,
  offset: number,
  length: number,
  pieceBytes = 8 * 1024 * 1024,
): AsyncGenerator<Uint8Array> {
  const end = offset + length;
  for (let at = offset; at < end; at += pieceBytes) {
    yield await file.read(at, Math.min(pieceBytes, end - at));
  }
}

/** Wraps bytes as a file that can be read at any place. */
export function memoryFile(name: string, bytes: Uint8Array): RandomAccessFile {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => {
      assertRange(name, bytes.length, offset, length);
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Makes a folder in memory that reads and writes like one on disk.
 *
 * @example
 * const folder = memoryFolder("base", { "config.json": new TextEncoder().encode("{}") });
 * await folder.list(); // ["config.json"]
 */
export function memoryFolder(
  name = "memory",
  initial: Readonly<Record<string, Uint8Array>> = {},
): MemoryFolder {
  return folderOfFiles(name, "", new Map(Object.entries(initial)));
}

/** The files whose names begin with `prefix`, as one flat folder. */
function folderOfFiles(name: string, prefix: string, files: Map<string, Uint8Array>): MemoryFolder {
  return {
    name,
    files,
    list: () =>
      Promise.resolve(
        [...files.keys()]
          .filter((path) => path.startsWith(prefix) && !path.includes("/", prefix.length))
          .map((path) => path.slice(prefix.length))
          .sort(),
      ),
    open: async (file) => {
      assertPlainFileName(name, file);
      const bytes = files.get(prefix + file);
      if (bytes === undefined) {
        throw new FileError("not-found", {
          message: `There is no ${name}/${file}.`,
          value: `${name}/${file}`,
        });
      }
      return Promise.resolve(memoryFile(`${name}/${file}`, bytes));
    },
    write: async (file, chunks) => {
      assertPlainFileName(name, file);
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk.slice());
      files.set(prefix + file, concatBytes(parts));
    },
    folder: (inner) => {
      assertPlainFileName(name, inner);
      return folderOfFiles(`${name}/${inner}`, `${prefix}${inner}/`, files);
    },
  };
}

/** Bytes that are all at hand, as the stream a {@link FolderWriter} takes. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** A text that is at hand, in UTF-8, as the stream a {@link FolderWriter} takes. */
export function textChunk(text: string): AsyncGenerator<Uint8Array> {
  return oneChunk(new TextEncoder().encode(text));
}

/** One array with the bytes of all, in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
