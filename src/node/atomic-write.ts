import { open, readdir, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";

import { assertPlainFileName } from "../files.js";
import type { FolderWriter } from "../files.js";
import { asFileError } from "./errors.js";
import { makeFolders } from "./make-folders.js";
import { isProcessAlive } from "./process-identity.js";

/** Who may read what is written. */
export interface WriteOptions {
  /** True: mode 0600, for anything that was not released by the mechanism. Default: what the umask allows. */
  readonly isPrivate?: boolean;
}

/** `.NAME.PID-COUNT.tmp`: a file being written, or left by a process that was killed. */
const temporaryName = /^\.(?<name>.+)\.(?<pid>\d+)-\d+\.tmp$/;

let counter = 0;

/** Says whether `name` is of a file being written, which no reader should look at. */
export function isTemporaryName(name: string): boolean {
  return temporaryName.test(name);
}

/**
 * A folder on disk to write into, made when it is not there.
 *
 * Guarantees: a file appears whole or not at all, also through a crash or a power cut: it is written under
 * a temporary name, flushed (fsync), renamed, and the folder flushed. What a killed process left is removed.
 *
 * @throws {FileError} `not-a-folder`, `no-permission`, `no-space`, `write-failed`.
 */
export function nodeFolderWriter(path: string, options: WriteOptions = {}): FolderWriter {
  return {
    name: path,
    write: async (name, chunks) => {
      assertPlainFileName(path, name);
      await makeFolder(path);
      await writeFileAtomically(join(path, name), chunks, options);
    },
    folder: (name) => {
      assertPlainFileName(path, name);
      return nodeFolderWriter(join(path, name), options);
    },
  };
}

/** Makes a folder and those above it, and flushes the one it is in. */
export async function makeFolder(path: string): Promise<void> {
  const made = await makeFolders(path).catch((error: unknown) => {
    throw asFileError(error, path, "write");
  });
  if (made !== undefined) await syncFolder(dirname(path));
}

/** Writes one file as `nodeFolderWriter` does. An error of `chunks` itself comes through unchanged. */
export async function writeFileAtomically(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const name = path.slice(folder.length).replace(/^[/\\]/, "");
  await removeLeftovers(folder, name);
  const temporary = join(folder, `.${name}.${process.pid}-${++counter}.tmp`);
  const mode = options.isPrivate === true ? 0o600 : 0o666;
  const handle = await attempt(path, () => open(temporary, "wx", mode));
  try {
    await fill(path, handle, chunks);
    await attempt(path, () => rename(temporary, path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** Flushes the folder's own entries, so that a new or renamed file survives a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows has no folder handles to flush and keeps its entries in order by itself.
  if (process.platform === "win32") return;
  await attempt(path, async () => {
    const handle = await open(path, "r");
    await handle.sync().finally(() => handle.close());
  });
}

async function fill(path: string, handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of chunks) await attempt(path, () => handle.appendFile(chunk));
    await attempt(path, () => handle.sync());
  } finally {
    await handle.close();
  }
}

async function removeLeftovers(folder: string, name: string): Promise<void> {
  const names = await attempt(folder, () => readdir(folder));
  for (const candidate of names) {
    const parts = temporaryName.exec(candidate)?.groups;
    if (parts?.["name"] !== name || isProcessAlive(Number(parts["pid"]))) continue;
    await unlink(join(folder, candidate)).catch(() => undefined);
  }
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asFileError(error, path, "write");
  }
}
