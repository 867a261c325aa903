import { unlinkSync } from "node:fs";
import { open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";

import { DpzoError } from "../errors.js";
import { makeFolder } from "./atomic-write.js";
import { asFileError } from "./errors.js";
import { livenessOf, ownIdentity } from "./process-identity.js";
import type { ProcessIdentity } from "./process-identity.js";

/** `locked`: another process has the folder; `lock-unknown`: one on another machine or in a container may. */
export type LockErrorCode = "locked" | "lock-unknown";

/** Thrown when a run folder cannot be had for this process alone; `value` is the lock's path. */
export class LockError extends DpzoError<LockErrorCode> {}

/** A folder held for this process alone. */
export interface FolderLock {
  readonly path: string;
  /** Gives it back; again is harmless. */
  release(): Promise<void>;
}

/** The identity is in the name, so a lock is whole from the moment it exists, however its writer dies. */
const lockName =
  /^\.dpzo-lock-(?<host>[A-Za-z0-9]*)-(?<boot>[0-9a-f]+)-(?<namespace>\d+)-(?<pid>\d+)-(?<startTime>\d+)-\d+$/;

let counter = 0;
const held = new Set<string>();

/**
 * Takes a run folder for this process alone, until it is released or the process ends.
 *
 * Guarantees:
 * - Of any number of processes that ask, at most one has the folder at a time.
 * - A holder that was killed, also by SIGKILL or a power cut, does not block the next one.
 * - A process that merely got the dead holder's number is not taken for it (where there is /proc).
 *
 * Each contender first makes a file of its own and then looks for others: of two at the same moment at
 * least one sees the other. Files of dead processes are removed; their names can never be of a living one.
 *
 * @throws {LockError} code `locked` or `lock-unknown`.
 */
export async function lockFolder(path: string): Promise<FolderLock> {
  await makeFolder(path);
  const attempts = 6;
  for (let attempt = 1; ; attempt++) {
    const own = await makeOwnLock(path);
    const obstacle = await findObstacle(path, own);
    if (obstacle === undefined) return hold(path, own);
    await unlink(join(path, own));
    if (attempt === attempts || obstacle.code === "lock-unknown") throw obstacle;
    // Two that meet both step back; unequal pauses let one of them through.
    await pause(attempt * (5 + ((process.pid + counter) % 13) * 5));
  }
}

async function makeOwnLock(path: string): Promise<string> {
  const { host, boot, namespace, pid, startTime } = ownIdentity();
  const name = `.dpzo-lock-${host}-${boot}-${namespace}-${pid}-${startTime}-${++counter}`;
  try {
    const handle = await open(join(path, name), "wx");
    await handle.close();
  } catch (error) {
    throw asFileError(error, path, "lock");
  }
  return name;
}

async function findObstacle(path: string, own: string): Promise<LockError | undefined> {
  for (const name of await readdir(path)) {
    const identity = name === own ? undefined : parseLockName(name);
    if (identity === undefined) continue;
    const liveness = livenessOf(identity);
    if (liveness !== "dead") return refusal(path, name, identity, liveness);
    await unlink(join(path, name)).catch(() => undefined);
  }
  return undefined;
}

function parseLockName(name: string): ProcessIdentity | undefined {
  const parts = lockName.exec(name)?.groups;
  if (parts === undefined) return undefined;
  const { host = "", boot = "", namespace = "", pid = "", startTime = "" } = parts;
  return { host, boot, namespace, pid: Number(pid), startTime };
}

function refusal(
  path: string,
  name: string,
  { pid, host }: ProcessIdentity,
  liveness: "alive" | "unknown",
): LockError {
  if (liveness === "alive") {
    return new LockError("locked", {
      message: `${path} is in use by process ${pid} on this machine.`,
      value: join(path, name),
      next: "Wait for it to end, or choose another folder.",
    });
  }
  return new LockError("lock-unknown", {
    message: `${path} was taken by process ${pid} on ${host}, on another machine or in another container, and from here nobody can say whether it still runs.`,
    value: join(path, name),
    next: `If it does not, remove ${join(path, name)}.`,
  });
}

function hold(path: string, name: string): FolderLock {
  const file = join(path, name);
  if (held.size === 0) process.once("exit", releaseAll);
  held.add(file);
  return {
    path,
    release: async () => {
      if (!held.delete(file)) return;
      if (held.size === 0) process.off("exit", releaseAll);
      await unlink(file).catch(() => undefined);
    },
  };
}

function releaseAll(): void {
  for (const file of held) {
    try {
      unlinkSync(file);
    } catch {
      // The folder is gone, and the lock with it.
    }
  }
  held.clear();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
