import { access, constants, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { MarkStore, RunFolder } from "../ledger/index.js";
import { makeFolder } from "./atomic-write.js";
import { asFileError, nodeErrorCode } from "./errors.js";
import { nodeLedgerFile } from "./ledger-file.js";
import { lockFolder, LockError } from "./lock.js";
import { stateFolder } from "./state-folder.js";

/** Marks on disk, as the run of one folder sees them. */
export interface NodeMarkStore extends MarkStore {
  /** Gives back what was taken; again is harmless. */
  close(): Promise<void>;
}

const markName = /^[0-9a-f]{32}-[0-9a-f]{32}$/u;
const fileName = "mark.jsonl";

/**
 * The marks of this user on this machine, in `runs` below {@link stateFolder}: a folder for each run.
 *
 * Guarantees: of two processes that go on with copies of one run, the second is refused while the first one lives. A
 * lock that a process of another boot left does not block: `nodeLedgerFile` stops one of two that write a mark.
 *
 * @param runFolder the folder of the run that is to be opened; it must be there
 * @throws {FileError} if the user's state cannot be kept there.
 */
export async function nodeMarkStore(
  runFolder: string,
  state: string = stateFolder(),
): Promise<NodeMarkStore> {
  const runs = resolve(state, "runs");
  await makeFolder(runs);
  await access(runs, constants.R_OK | constants.W_OK).catch((error: unknown) => {
    throw asFileError(error, runs, "write");
  });
  const folder = await describeFolder(runFolder);
  const releases: (() => Promise<void>)[] = [];
  const fileOf = (mark: string): string => join(runs, mark, fileName);
  return {
    folder,
    nameOf: fileOf,
    list: async () => (await readdir(runs)).filter((name) => markName.test(name)).sort(),
    read: (mark) => readOrEmpty(fileOf(mark)),
    take: async (mark) => {
      const lock = await lockMark(join(runs, mark), folder);
      const file = nodeLedgerFile(fileOf(mark));
      const release = async (): Promise<void> => {
        await file.close();
        await lock.release();
      };
      releases.push(release);
      return { file, release };
    },
    close: async () => {
      for (const release of releases.splice(0)) await release();
    },
  };
}

/** A folder made anew at the same path has another number or another time of birth. */
async function describeFolder(path: string): Promise<RunFolder> {
  try {
    const { ino, birthtimeNs } = await stat(path, { bigint: true });
    return { path: await realpath(path), identity: `${ino}-${birthtimeNs}` };
  } catch (error) {
    throw asFileError(error, path, "open");
  }
}

async function readOrEmpty(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (nodeErrorCode(error) === "ENOENT") return new Uint8Array();
    throw asFileError(error, path, "read");
  }
}

async function lockMark(path: string, { path: runFolder }: RunFolder): ReturnType<typeof lockFolder> {
  try {
    return await lockFolder(path, { ignoresUnknown: true });
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    throw new LockError("locked", {
      message: `The run in ${runFolder} is going on in another folder, of which this is a copy. ${error.message}`,
      value: runFolder,
    });
  }
}
