import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** A path, and what people call it: the flag it came from, or what is written there. */
export interface NamedPath {
  readonly name: string;
  readonly path: string;
}

/** What a command writes. */
export interface OutputPaths {
  /** Files under names that are known before; the folder they lie in must be no input as a whole. */
  readonly files: readonly NamedPath[];
  /** Folders in which any file may be written, directly in them. */
  readonly folders: readonly NamedPath[];
}

/** An input that an output would overwrite. */
export interface Overlap {
  readonly input: NamedPath;
  readonly output: NamedPath;
}

/**
 * Finds an input that the outputs of a command would overwrite, whatever the paths look like.
 *
 * Files and folders are told apart by device and number on the disk: links, `..`, mounts, and names that differ in
 * capitals on a disk that does not tell these apart, lead to one file. What is not there yet overwrites nothing.
 *
 * @example
 * await findOverlap([{ name: "--model", path: "x/model" }], { files: [], folders: [{ name: "--out", path: "x/model" }] });
 */
export async function findOverlap(
  inputs: readonly NamedPath[],
  outputs: OutputPaths,
): Promise<Overlap | undefined> {
  const files = await identified(outputs.files);
  const around = await identified(outputs.files.map(({ name, path }) => ({ name, path: dirname(path) })));
  const folders = await identified(outputs.folders);
  for (const input of inputs) {
    const own = await identityOf(input.path);
    if (own === undefined) continue;
    // The folder that the file lies in for good, not that of a link to it.
    const parent = own.isFolder ? undefined : await identityOf(dirname(await realpath(input.path)));
    const found =
      folders.find(({ id }) => id === own.id || id === parent?.id) ??
      (own.isFolder ? around : files).find(({ id }) => id === own.id);
    if (found !== undefined) return { input, output: { name: found.name, path: found.path } };
  }
  return undefined;
}

interface Identity {
  readonly id: string;
  readonly isFolder: boolean;
}

async function identified(paths: readonly NamedPath[]): Promise<readonly (NamedPath & { id: string })[]> {
  const found = [];
  for (const path of paths) {
    const identity = await identityOf(path.path);
    if (identity !== undefined) found.push({ ...path, id: identity.id });
  }
  return found;
}

/** Where a path leads; nothing where it leads nowhere, or cannot be looked at, which is told when it is opened. */
async function identityOf(path: string): Promise<Identity | undefined> {
  try {
    const status = await stat(path, { bigint: true });
    // Some network drives number nothing.
    const id = status.ino === 0n ? `path ${await realpath(path)}` : `${status.dev} ${status.ino}`;
    return { id, isFolder: status.isDirectory() };
  } catch {
    return undefined;
  }
}
