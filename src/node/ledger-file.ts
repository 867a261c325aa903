import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { FileError } from "../files.js";
import { makeFolder, syncFolder, writeFileAtomically } from "./atomic-write.js";
import { asFileError } from "./errors.js";

/** The bytes of a ledger on disk, as src/ledger asks for them. */
export interface NodeLedgerFile {
  /** Everything in the file. */
  readAll(): Promise<Uint8Array>;
  /** Adds bytes at the end; they are on disk after `sync`. */
  append(bytes: Uint8Array): Promise<void>;
  /** Returns when everything appended would survive a power cut (fsync). */
  sync(): Promise<void>;
  /** Puts `bytes` in place of the whole content, at once and durably. */
  replace(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a ledger file for appending, empty when it is not there yet.
 *
 * Guarantees:
 * - What was appended before a `sync` that returned is on disk, whatever happens after.
 * - After a failed append or sync nothing more is appended until `replace`: a half-written line stays the
 *   last one, and a kernel that reported a lost write once is not believed the second time.
 *
 * @throws {FileError} `no-permission`, `no-space`, `write-failed`, `closed`.
 */
export async function nodeLedgerFile(path: string): Promise<NodeLedgerFile> {
  await makeFolder(dirname(path));
  let handle: FileHandle | undefined = await openForAppend(path);
  let failure: FileError | undefined;

  const guarded = async (action: (open: FileHandle) => Promise<void>): Promise<void> => {
    if (failure !== undefined) throw failure;
    if (handle === undefined) throw closed(path);
    await action(handle).catch((error: unknown) => {
      failure = asFileError(error, path, "write");
      throw failure;
    });
  };
  return {
    readAll: async () => {
      const bytes = await readFile(path).catch((error: unknown) => {
        throw asFileError(error, path, "read");
      });
      return new Uint8Array(bytes);
    },
    append: (bytes) => guarded((file) => file.appendFile(bytes)),
    sync: () => guarded((file) => file.sync()),
    replace: async (bytes) => {
      if (handle === undefined) throw closed(path);
      await writeFileAtomically(path, once(bytes));
      await handle.close();
      handle = await openForAppend(path);
      failure = undefined;
    },
    close: async () => {
      await handle?.close();
      handle = undefined;
    },
  };
}

/** The folder is flushed as well: a file whose name is lost in a power cut is lost with it. */
async function openForAppend(path: string): Promise<FileHandle> {
  const handle = await open(path, "a").catch((error: unknown) => {
    throw asFileError(error, path, "write");
  });
  await syncFolder(dirname(path));
  return handle;
}

function closed(path: string): FileError {
  return new FileError("closed", { message: `${path} was closed before this write.`, value: path });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
