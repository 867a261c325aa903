import type { ProcessIdentity } from "./process-identity.js";

/** The identity is in the name, so a lock is whole from the moment it exists, however its writer dies. */
const currentName =
  /^\.dpzo-lock-2-(?<machine>[0-9a-f]+)-(?<boot>[0-9a-f]+)-(?<namespace>\d+)-(?<pid>\d+)-(?<startTime>\d+)-\d+-(?<host>[\w.%~-]+)$/u;

/** Names of earlier versions: a host name without its punctuation, eight digits of the boot, no machine. */
const formerName =
  /^\.dpzo-lock-(?<host>[A-Za-z0-9]*)-(?<boot>[0-9a-f]+)-(?<namespace>\d+)-(?<pid>\d+)-(?<startTime>\d+)-\d+$/u;

/** The file name of a lock; `count` tells several of one process apart. */
export function lockName(identity: ProcessIdentity, count: number): string {
  const { machine, boot, namespace, pid, startTime, host } = identity;
  return `.dpzo-lock-2-${machine}-${boot}-${namespace}-${pid}-${startTime}-${count}-${host}`;
}

/** Whose lock a file name is; undefined if it is none. An earlier version's is of a machine that is not known. */
export function parseLockName(name: string): ProcessIdentity | undefined {
  const parts = (currentName.exec(name) ?? formerName.exec(name))?.groups;
  if (parts === undefined) return undefined;
  const { machine = "", host = "", boot = "", namespace = "", pid = "", startTime = "" } = parts;
  return { machine, boot, namespace, pid: Number(pid), startTime, host };
}
