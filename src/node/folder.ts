import { open, readdir, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { assertPlainFileName, assertRange, FileError } from "../files.js";
import type { FolderReader, RandomAccessFile } from "../files.js";
import { asFileError } from "./errors.js";
import { isTemporaryName } from "./atomic-write.js";

/**
 * A folder on disk as the checkpoint and data readers see it; links are followed, sub-folders not listed.
 *
 * @throws {FileError} on first use: `not-found`, `not-a-folder`, `no-permission`, with the path in the message.
 * @example
 * const checkpoint = await openCheckpoint(nodeFolderReader("models/minilm-mlm"));
 */
export function nodeFolderReader(path: string): FolderReader {
  return {
    name: path,
    list: () => listFiles(path),
    open: async (name) => {
      assertPlainFileName(path, name);
      return openNodeFile(join(path, name));
    },
    folder: (name) => {
      assertPlainFileName(path, name);
      return nodeFolderReader(join(path, name));
    },
  };
}

/**
 * Opens one file for reading at any place.
 *
 * @throws {FileError} `not-found`, `not-a-file`, `no-permission`.
 */
export async function openNodeFile(path: string): Promise<RandomAccessFile> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw asFileError(error, path, "open");
  });
  const status = await handle.stat();
  if (!status.isFile()) {
    await handle.close();
    throw new FileError("not-a-file", { message: `${path} is not a file.`, value: path, expected: "a file" });
  }
  return wrap(path, handle, status.size);
}

async function listFiles(path: string): Promise<string[]> {
  const names = await readdir(path).catch((error: unknown) => {
    throw asFileError(error, path, "list");
  });
  const files: string[] = [];
  for (const name of names.filter((candidate) => !isTemporaryName(candidate))) {
    // A link that leads nowhere is not a file; the name is then reported as missing where it matters.
    const status = await stat(join(path, name)).catch(() => undefined);
    if (status?.isFile() === true) files.push(name);
  }
  return files.sort();
}

function wrap(path: string, handle: FileHandle, size: number): RandomAccessFile {
  let isOpen = true;
  return {
    name: path,
    size,
    read: async (offset, length) => {
      assertRange(path, size, offset, length);
      if (!isOpen)
        throw new FileError("closed", { message: `${path} was closed before this read.`, value: path });
      return readFully(path, handle, offset, length);
    },
    close: async () => {
      if (isOpen) await handle.close();
      isOpen = false;
    },
  };
}

/** One read call may return less than it was asked for, and never more than 2 GiB. */
async function readFully(
  path: string,
  handle: FileHandle,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const largestRead = 2 ** 30;
  for (let done = 0; done < length;) {
    const wanted = Math.min(largestRead, length - done);
    const { bytesRead } = await handle.read(bytes, done, wanted, offset + done).catch((error: unknown) => {
      throw asFileError(error, path, "read");
    });
    if (bytesRead === 0) {
      throw new FileError("short-read", {
        message: `${path} ended at byte ${offset + done} while it was read; it was longer when it was opened.`,
        value: path,
      });
    }
    done += bytesRead;
  }
  return bytes;
}
