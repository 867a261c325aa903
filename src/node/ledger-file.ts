import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { FileError, oneChunk } from "../files.js";
import type { LedgerFile } from "../ledger/index.js";
import { makeFolder, syncFolder, writeFileAtomically } from "./atomic-write.js";
import { asFileError, nodeErrorCode } from "./errors.js";

/** The bytes of a ledger on disk; see `LedgerFile` for what each call promises. */
export interface NodeLedgerFile extends LedgerFile {
  close(): Promise<void>;
}

/**
 * A ledger file on disk, made with its folder when something is first written to it; reading makes nothing.
 *
 * Guarantees:
 * - What was appended before a `sync` that returned is on disk, whatever happens after.
 * - After a failed append or sync nothing more is appended until `replace`: a half-written line stays the
 *   last one, and a kernel that reported a lost write once is not believed the second time.
 *
 * One process at a time may write: hold `lockFolder` on the run folder.
 *
 * @throws {FileError} from its methods: `no-permission`, `no-space`, `read-failed`, `write-failed`, `closed`.
 * @example
 * const file = nodeLedgerFile("runs/demo/ledger.jsonl");
 * await file.append(line);
 * await file.sync();
 */
export function nodeLedgerFile(path: string): NodeLedgerFile {
  return new AppendOnlyFile(path);
}

class AppendOnlyFile implements NodeLedgerFile {
  #handle: FileHandle | undefined;
  #failure: FileError | undefined;
  #isClosed = false;

  constructor(readonly path: string) {}

  async readAll(): Promise<Uint8Array> {
    try {
      return new Uint8Array(await readFile(this.path));
    } catch (error) {
      if (nodeErrorCode(error) === "ENOENT") return new Uint8Array();
      throw asFileError(error, this.path, "read");
    }
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#guarded((handle) => handle.appendFile(bytes));
  }

  sync(): Promise<void> {
    return this.#guarded((handle) => handle.sync());
  }

  async replace(bytes: Uint8Array): Promise<void> {
    this.#refuseClosed();
    await makeFolder(dirname(this.path));
    await writeFileAtomically(this.path, oneChunk(bytes));
    // The open handle still leads to the old file.
    await this.#handle?.close();
    this.#handle = undefined;
    this.#failure = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #guarded(action: (handle: FileHandle) => Promise<void>): Promise<void> {
    this.#refuseClosed();
    if (this.#failure !== undefined) throw this.#failure;
    this.#handle ??= await openForAppend(this.path);
    await action(this.#handle).catch((error: unknown) => {
      this.#failure = asFileError(error, this.path, "write");
      throw this.#failure;
    });
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return;
    throw new FileError("closed", {
      message: `${this.path} was closed before this write.`,
      value: this.path,
    });
  }
}

/** The folder is flushed as well: a file whose name is lost in a power cut is lost with it. */
async function openForAppend(path: string): Promise<FileHandle> {
  await makeFolder(dirname(path));
  const handle = await open(path, "a").catch((error: unknown) => {
    throw asFileError(error, path, "write");
  });
  await syncFolder(dirname(path));
  return handle;
}
