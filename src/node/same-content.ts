import type { RandomAccessFile } from "../files.js";
import { openNodeFile } from "./folder.js";

/** Bytes that are compared at a time. */
const piece = 2 ** 20;

/**
 * Says whether two files hold the same bytes: one file under two names, or a copy.
 *
 * @throws {FileError} where one cannot be read
 */
export async function haveSameContent(first: string, second: string): Promise<boolean> {
  const a = await openNodeFile(first);
  try {
    const b = await openNodeFile(second);
    try {
      return await areEqual(a, b);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

async function areEqual(a: RandomAccessFile, b: RandomAccessFile): Promise<boolean> {
  if (a.size !== b.size) return false;
  for (let at = 0; at < a.size; at += piece) {
    const length = Math.min(piece, a.size - at);
    const [left, right] = [await a.read(at, length), await b.read(at, length)];
    if (left.some((byte, index) => byte !== right[index])) return false;
  }
  return true;
}
