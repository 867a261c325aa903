import { readFileSync, readlinkSync } from "node:fs";

import { nodeErrorCode } from "./errors.js";
import { type MachineIdentity, thisMachine } from "./machine-identity.js";

/** What tells one process from every other, as far as the platform lets us know. */
export interface ProcessIdentity extends MachineIdentity {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; `"0"` where there is no /proc. */
  readonly startTime: string;
  /** The process-number space it lives in (a container has its own); `"0"` where there is no /proc. */
  readonly namespace: string;
}

/** Whether the process of an identity still runs; `unknown` when it lives where we cannot look. */
export type Liveness = "alive" | "dead" | "unknown";

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return {
    ...thisMachine(),
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? "0",
    namespace: readNamespace(),
  };
}

/**
 * Says whether the process with this identity still runs.
 *
 * Only a process of this very boot of this very machine can be looked for: boot, machine, host name and process-number
 * space must all agree. Another boot of the same machine is `unknown`, not dead: a machine cloned from this one has its
 * number and its host name, and may be running. A process number alone does not tell either, since numbers are given
 * out again; the start time does, within one boot.
 *
 * Clones that were made of a running machine, with its memory, share the boot as well: nothing here tells them apart.
 */
export function livenessOf(identity: ProcessIdentity, own: ProcessIdentity = ownIdentity()): Liveness {
  if (!isSameBoot(identity, own) || identity.namespace !== own.namespace) return "unknown";
  if (!isProcessAlive(identity.pid)) return "dead";
  const startTime = startTimeOf(identity.pid) ?? "0";
  if (startTime === identity.startTime) return "alive";
  // A /proc that hides other users' processes has no start time for them.
  return startTime === "0" ? "unknown" : "dead";
}

/** Whether two identities are of one boot of one machine, as far as that can be known. */
export function isSameBoot(a: MachineIdentity, b: MachineIdentity): boolean {
  return a.boot !== "0" && a.boot === b.boot && isSameMachine(a, b);
}

/** Whether two identities name the same machine; a clone of it does so too. */
export function isSameMachine(a: MachineIdentity, b: MachineIdentity): boolean {
  return a.machine === b.machine && a.host === b.host;
}

/** Says whether some process has this number here, whoever owns it; a zombie counts as dead. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return nodeErrorCode(error) === "EPERM";
  }
  return !/^[ZX]/.test(statFields(pid)?.[0] ?? "");
}

/** Field 22 of /proc/PID/stat (proc(5)); `undefined` where there is no such process or no /proc. */
function startTimeOf(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** The fields of /proc/PID/stat from the third on; the second, the name, may hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function readNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "0";
  }
}
