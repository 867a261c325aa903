import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

import { nodeErrorCode } from "./errors.js";

/** What tells one process from every other, as far as the platform lets us know. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; `"0"` where there is no /proc. */
  readonly startTime: string;
  /** One boot of one machine; `"0"` where there is no /proc. */
  readonly boot: string;
  /** The process-number space it lives in (a container has its own); `"0"` where there is no /proc. */
  readonly namespace: string;
  readonly host: string;
}

/** Whether the process of an identity still runs; `unknown` when it lives where we cannot look. */
export type Liveness = "alive" | "dead" | "unknown";

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? "0",
    boot: readOr("/proc/sys/kernel/random/boot_id").slice(0, 8),
    namespace: readNamespace(),
    host: hostname()
      .replace(/[^A-Za-z0-9]/g, "")
      .slice(0, 40),
  };
}

/**
 * Says whether the process with this identity still runs.
 *
 * A process number alone does not tell: numbers are given out again. The start time does, within one boot.
 */
export function livenessOf(identity: ProcessIdentity, own: ProcessIdentity = ownIdentity()): Liveness {
  if (identity.boot !== own.boot) return identity.host === own.host ? "dead" : "unknown";
  if (identity.namespace !== own.namespace) return "unknown";
  if (identity.boot === "0" && identity.host !== own.host) return "unknown";
  if (!isProcessAlive(identity.pid)) return "dead";
  return (startTimeOf(identity.pid) ?? "0") === identity.startTime ? "alive" : "dead";
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

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "0";
  }
}

function readNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "0";
  }
}
