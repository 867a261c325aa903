import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { nodeErrorCode } from "./errors.js";

/**
 * Makes a folder and those above it that are not there; gives the topmost that was made, nothing where none was.
 *
 * Every folder is tried once, so that a place where nothing can be made ends in an error.
 *
 * @throws Node's error of the folder that could not be made: `EEXIST` where something else is at the path, `ENOTDIR` below a
 * file
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  let topmost: string | undefined;
  for (const folder of await missingFolders(resolve(path))) {
    const made = await makeOne(folder);
    if (made) topmost ??= folder;
  }
  return topmost;
}

/** A path and those above it that are not there, from the top down; nothing where it is a folder. */
async function missingFolders(path: string): Promise<readonly string[]> {
  if (await isFolder(path)) return [];
  const missing = [path];
  for (
    let above = dirname(path);
    !(await isThere(above)) && dirname(above) !== above;
    above = dirname(above)
  ) {
    missing.unshift(above);
  }
  return missing;
}

/** Whether the folder was made; it may have been made by another process in the meantime. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (nodeErrorCode(error) === "EEXIST" && (await isFolder(folder))) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status?.isDirectory() === true;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
