import { open, rmdir, stat, statfs, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { FileError } from "../files.js";
import { asFileError } from "./errors.js";
import { makeFolders } from "./make-folders.js";

/** What is going to be written into a folder. */
export interface ComingFiles {
  /** Names of the files, directly in the folder. */
  readonly names: readonly string[];
  /** What they take in all. */
  readonly bytes: number;
}

/**
 * Checks that files can be written into a folder, long before they are; what it makes for that it removes again.
 *
 * Looked at: that the folder is there or can be made, that a file can be made in it, that no folder stands where a file
 * has to go, and, where the file system tells, that there is room. Files of these names that are there already count as
 * room, since they are replaced.
 *
 * @throws {FileError} `not-a-folder`, `not-a-file`, `no-permission`, `no-space`, `write-failed`
 */
export async function checkWritable(folder: string, { names, bytes }: ComingFiles): Promise<void> {
  const made = await makeFolders(folder).catch((error: unknown) => {
    // The path, or one above it, is a file: Node's own code for that depends on which.
    throw hasCode(error, "EEXIST") ? notAFolder(folder) : asFileError(error, folder, "write");
  });
  try {
    await tryToWrite(folder);
    let replaced = 0;
    for (const name of names) replaced += await replaceableBytes(join(folder, name));
    await checkRoom(folder, bytes - replaced);
  } finally {
    if (made !== undefined) await removeMade(folder, made);
  }
}

async function tryToWrite(folder: string): Promise<void> {
  // As the name of a file that is being written: if it stays behind, readers pass over it and writers remove it.
  const path = join(folder, `.probe.${process.pid}-0.tmp`);
  try {
    const handle = await open(path, "w");
    await handle.writeFile("dpzo").finally(() => handle.close());
    await unlink(path);
  } catch (error) {
    throw asFileError(error, folder, "write");
  }
}

/** The size of the file at a path; 0 for none. */
async function replaceableBytes(path: string): Promise<number> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory() === true) {
    throw new FileError("not-a-file", {
      message: `${path} is a folder, and a file has to be written there.`,
      value: path,
      next: "Move it away, or give another --out.",
    });
  }
  return status?.size ?? 0;
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  // A file system that does not tell its size says 0 blocks, or nothing.
  const room = await statfs(folder).catch(() => undefined);
  if (room === undefined || room.blocks === 0) return;
  const free = room.bavail * room.bsize;
  if (free >= bytes) return;
  throw new FileError("no-space", {
    message: `The result takes ${bytes} bytes, and ${folder} has room for ${free}.`,
    value: folder,
    expected: `${bytes} free bytes`,
    next: "Make room, or give an --out on another disk.",
  });
}

/** Removes `folder` and those above it, down from the topmost that was made. */
async function removeMade(folder: string, topmost: string): Promise<void> {
  const last = resolve(topmost);
  for (let path = resolve(folder); path.length >= last.length; path = dirname(path)) {
    await rmdir(path).catch(() => undefined);
  }
}

function notAFolder(folder: string): FileError {
  return new FileError("not-a-folder", {
    message: `Cannot write into ${folder}: it is a file.`,
    value: folder,
    expected: "a folder, or a path where there is nothing yet",
  });
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
