import type { BigIntStats } from "node:fs";

/** What tells one file from another that was put in its place. */
export interface FileState {
  /** Device and inode in one text; undefined where the file system has none that stay. */
  readonly inode: string | undefined;
  /** Bytes. */
  readonly length: number;
}

/** Where there is no file. */
export const noFile: FileState = { inode: "none", length: 0 };

/** The state that the system reports; an inode of 0 is none. */
export function stateOf({ dev, ino, size }: BigIntStats): FileState {
  return { inode: ino === 0n ? undefined : `${dev}:${ino}`, length: Number(size) };
}

/** Whether two states can be of one file, whatever its length. */
export function isSameFile(a: FileState, b: FileState): boolean {
  return a.inode === undefined || b.inode === undefined || a.inode === b.inode;
}
