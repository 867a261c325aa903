import { unlinkSync } from "node:fs";
import { open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";

import { DpzoError } from "../errors.js";
import { makeFolder } from "./atomic-write.js";
import { asFileError } from "./errors.js";
import { lockName, parseLockName } from "./lock-name.js";
import { isSameMachine, livenessOf, ownIdentity } from "./process-identity.js";
import type { Liveness, ProcessIdentity } from "./process-identity.js";

/** `locked`: another process has the folder; `lock-unknown`: one that cannot be looked for from here may. */
export type LockErrorCode = "locked" | "lock-unknown";

/** Thrown when a run folder cannot be had for this process alone; `value` is the lock's path. */
export class LockError extends DpzoError<LockErrorCode> {}

/** A folder held for this process alone. */
export interface FolderLock {
  readonly path: string;
  /** Gives it back; again is harmless. */
  release(): Promise<void>;
}

let counter = 0;
const held = new Set<string>();

/**
 * Takes a run folder for this process alone, until it is released or the process ends.
 *
 * Guarantees:
 * - Of any number of processes that ask, at most one has the folder at a time.
 * - A holder that was killed, also by SIGKILL, does not block the next one of the same boot (Linux and macOS).
 * - A lock of another boot, machine, container or of an unknown one is never guessed to be dead: `lock-unknown`, with
 *   what to remove. Also after a restart of this machine, since a clone of it would look the same.
 * - A process that merely got the dead holder's number is not taken for it (where there is /proc).
 *
 * Each contender first makes a file of its own and then looks for others: of two at the same moment at
 * least one sees the other. Files of dead processes are removed; their names can never be of a living one.
 *
 * @param options `ignoresUnknown`: only a process that is known to run is in the way; for what has another guard
 * against two
 *   writers. Default: false
 * @throws {LockError} code `locked` or `lock-unknown`.
 */
export async function lockFolder(path: string, { ignoresUnknown = false } = {}): Promise<FolderLock> {
  await makeFolder(path);
  const attempts = 6;
  for (let attempt = 1; ; attempt++) {
    const own = await makeOwnLock(path);
    const obstacle = await findObstacle(path, own, ignoresUnknown);
    if (obstacle === undefined) return hold(path, own);
    await unlink(join(path, own));
    if (attempt === attempts || obstacle.code === "lock-unknown") throw obstacle;
    // Two that meet both step back; unequal pauses let one of them through.
    await pause(attempt * (5 + ((process.pid + counter) % 13) * 5));
  }
}

async function makeOwnLock(path: string): Promise<string> {
  const name = lockName(ownIdentity(), ++counter);
  try {
    const handle = await open(join(path, name), "wx");
    await handle.close();
  } catch (error) {
    throw asFileError(error, path, "lock");
  }
  return name;
}

async function findObstacle(
  path: string,
  own: string,
  ignoresUnknown: boolean,
): Promise<LockError | undefined> {
  for (const name of await readdir(path)) {
    const identity = name === own ? undefined : parseLockName(name);
    if (identity === undefined) continue;
    // This process knows its own locks, also where the platform has no number for a boot.
    const liveness = held.has(join(path, name)) ? "alive" : livenessOf(identity);
    if (liveness === "alive" || (liveness === "unknown" && !ignoresUnknown)) {
      return refusal(path, name, identity, liveness);
    }
    await unlink(join(path, name)).catch(() => undefined);
  }
  return undefined;
}

function refusal(
  path: string,
  name: string,
  identity: ProcessIdentity,
  liveness: Exclude<Liveness, "dead">,
): LockError {
  const { pid, host } = identity;
  const value = join(path, name);
  if (liveness === "alive") {
    return new LockError("locked", {
      message: `${path} is in use by process ${pid} on this machine.`,
      value,
      next: "Wait for it to end, or choose another folder.",
    });
  }
  return new LockError("lock-unknown", {
    message: `${path} was taken by process ${pid} on ${host}, ${placeOf(identity)}; whether it still runs cannot be seen from here.`,
    value,
    next: `If it does not, remove ${value}.`,
  });
}

/** Where an identity that cannot be looked for lives, in words. */
function placeOf(identity: ProcessIdentity): string {
  const own = ownIdentity();
  if (!isSameMachine(identity, own)) return "on another machine or in another container";
  if (identity.boot === "0" || own.boot === "0") return "which has no number for its boots";
  if (identity.boot !== own.boot) return "before this machine was started or on a clone of it";
  return "in another container or of another user";
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
