import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";

import { FileError, oneChunk } from "../files.js";
import { LedgerError, type LedgerFile } from "../ledger/index.js";
import { makeFolder, syncFolder, writeFileAtomically } from "./atomic-write.js";
import { asFileError, nodeErrorCode } from "./errors.js";
import { type FileState, isSameFile, noFile, stateOf } from "./file-state.js";

/** The bytes of a ledger on disk; see `LedgerFile` for what each call promises. */
export interface NodeLedgerFile extends LedgerFile {
  keepAside(bytes: Uint8Array): Promise<string>;
  close(): Promise<void>;
}

/**
 * A ledger file on disk, made with its folder when something is first written to it; reading makes nothing.
 *
 * Guarantees:
 * - What was appended before a `sync` that returned is on disk, whatever happens after.
 * - Before and after each append, and before a replacement of what was read, the path leads to the very file (device
 *   and inode, where the platform has them) that was read or written, and it is as long as that left it. Else nothing
 *   more is written, and of two writers at most one goes on.
 * - After a failed append or sync nothing more is appended until `replace`: a half-written line stays the
 *   last one, and a kernel that reported a lost write once is not believed the second time.
 *
 * One process at a time may write: hold `lockFolder` on the run folder.
 *
 * @throws {FileError} from its methods: `no-permission`, `no-space`, `read-failed`, `write-failed`, `closed`.
 * @throws {LedgerError} `ledger-replaced`; `value` is the path.
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
  /** What the path must lead to; undefined as long as nothing was read or written. */
  #expected: FileState | undefined;
  #failure: FileError | undefined;
  #isClosed = false;

  constructor(readonly path: string) {}

  get name(): string {
    return this.path;
  }

  async readAll(): Promise<Uint8Array> {
    const handle = await open(this.path, "r").catch((error: unknown) => {
      if (nodeErrorCode(error) === "ENOENT") return undefined;
      throw asFileError(error, this.path, "read");
    });
    // What this process has written stands as it is: that is what a file that was put in its place must differ from.
    if (handle === undefined) {
      this.#expected ??= noFile;
      return new Uint8Array();
    }
    try {
      const bytes = new Uint8Array(await handle.readFile());
      this.#expected ??= { ...stateOf(await handle.stat({ bigint: true })), length: bytes.length };
      return bytes;
    } catch (error) {
      throw asFileError(error, this.path, "read");
    } finally {
      await handle.close();
    }
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#guarded(async (handle) => {
      const expected = await this.#checkUnchanged(handle);
      await handle.appendFile(bytes);
      this.#expected = { ...expected, length: expected.length + bytes.length };
      // Of two that append at one moment, the later one sees both: at most one of them goes on.
      await this.#checkUnchanged(handle);
    });
  }

  sync(): Promise<void> {
    return this.#guarded((handle) => handle.sync());
  }

  async replace(bytes: Uint8Array): Promise<void> {
    this.#refuseClosed();
    if (this.#expected !== undefined) await this.#checkPath(this.#expected);
    await makeFolder(dirname(this.path));
    await writeFileAtomically(this.path, oneChunk(bytes));
    // The open handle still leads to the old file.
    await this.#handle?.close();
    this.#handle = undefined;
    this.#failure = undefined;
    this.#expected = { inode: undefined, length: bytes.length };
    await this.#open();
  }

  async keepAside(bytes: Uint8Array): Promise<string> {
    const extension = extname(this.path);
    const start = join(dirname(this.path), basename(this.path, extension));
    await makeFolder(dirname(this.path));
    for (let count = 1; ; count++) {
      const path = `${start}.kept-${count}${extension}`;
      const isTaken = await stat(path).then(
        () => true,
        () => false,
      );
      if (isTaken) continue;
      // Its reader may be one whom the ledger itself was kept from.
      await writeFileAtomically(path, oneChunk(bytes), { isPrivate: true });
      return path;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #guarded(action: (handle: FileHandle) => Promise<void>): Promise<void> {
    this.#refuseClosed();
    if (this.#failure !== undefined) throw this.#failure;
    const handle = await this.#open();
    await action(handle).catch((error: unknown) => {
      if (error instanceof LedgerError) throw error;
      this.#failure = asFileError(error, this.path, "write");
      // Any part of the write may be there.
      this.#expected = undefined;
      throw this.#failure;
    });
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle;
    if (this.#expected !== undefined) await this.#checkPath(this.#expected);
    const before = this.#expected;
    const handle = await openForAppend(this.path);
    this.#handle = handle;
    const opened = stateOf(await handle.stat({ bigint: true }));
    const isExpected = before === undefined || before === noFile || isSameFile(opened, before);
    if (!isExpected || opened.length !== (before ?? opened).length)
      throw replaced(this.path, "is another file");
    // Some network and user-space file systems number one file anew each time: there the length alone can be compared.
    const again = await stateAt(this.path);
    this.#expected = isSameFile(opened, again) ? opened : { ...opened, inode: undefined };
    return handle;
  }

  /** Refuses where the open file or the path is not what was read or written; devices and pipes have no length. */
  async #checkUnchanged(handle: FileHandle): Promise<FileState> {
    const expected = this.#expected ?? noFile;
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) return expected;
    if (stateOf(status).length !== expected.length) throw replaced(this.path, "has another length");
    await this.#checkPath(expected);
    return expected;
  }

  async #checkPath(expected: FileState): Promise<void> {
    const found = await stateAt(this.path);
    if (found === noFile && expected !== noFile) throw replaced(this.path, "is gone");
    if (!isSameFile(found, expected)) throw replaced(this.path, "is another file");
    if (found.length !== expected.length) throw replaced(this.path, "has another length");
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return;
    throw new FileError("closed", {
      message: `${this.path} was closed before this write.`,
      value: this.path,
    });
  }
}

async function stateAt(path: string): Promise<FileState> {
  try {
    return stateOf(await stat(path, { bigint: true }));
  } catch (error) {
    if (nodeErrorCode(error) === "ENOENT") return noFile;
    throw asFileError(error, path, "read");
  }
}

function replaced(path: string, what: string): LedgerError {
  return new LedgerError("ledger-replaced", {
    message: `${path} ${what}, though this process alone writes it: something else removed, replaced or changed it.`,
    value: path,
  });
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
