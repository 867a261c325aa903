import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** What tells one machine, and one boot of it, from others, as far as the platform lets us know. */
export interface MachineIdentity {
  /**
   * The platform's own number for the installation, in hex digits; `"0"` where there is none. A clone has the same
   * one.
   */
  readonly machine: string;
  /** A number that each boot draws at random, in hex digits; `"0"` where there is none. */
  readonly boot: string;
  /** The whole host name, as {@link hostText} writes it. */
  readonly host: string;
}

const macTools = { sysctl: "/usr/sbin/sysctl", ioreg: "/usr/sbin/ioreg" } as const;
let known: MachineIdentity | undefined;

/**
 * This machine and this boot of it; asked once a process.
 *
 * - Linux: /etc/machine-id (machine-id(5)) and the kernel's boot_id (random(4)).
 * - macOS: the platform's UUID in the I/O registry and `kern.bootsessionuuid`.
 * - Elsewhere, Windows among them, nothing that Node can reach is drawn anew for each boot: `boot` is `"0"`, and no
 *   process but this one's own is ever taken for dead.
 */
export function thisMachine(): MachineIdentity {
  known ??= { machine: machineNumber(), boot: bootNumber(), host: hostText(hostname()) };
  return known;
}

/** The longest host name that is written out; a file name that holds it has 255 bytes. */
const longestHost = 100;

/** One text for each host name, of signs that any file name may hold. */
export function hostText(host: string): string {
  const text = encodeURIComponent(host).replaceAll(
    /[!'()*~]/gu,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (text !== "" && text.length <= longestHost) return text;
  // Cut names could be taken for each other; the digest stands for what is not shown.
  return `${text.slice(0, 60)}~${createHash("sha256").update(host).digest("hex").slice(0, 32)}`;
}

function machineNumber(): string {
  if (process.platform === "darwin") {
    const registry = answerOf(macTools.ioreg, ["-rd1", "-c", "IOPlatformExpertDevice"]);
    return hexOf(/"IOPlatformUUID" = "([^"]+)"/u.exec(registry)?.[1]);
  }
  return hexOf(textOf("/etc/machine-id") ?? textOf("/var/lib/dbus/machine-id"));
}

function bootNumber(): string {
  if (process.platform === "darwin") return hexOf(answerOf(macTools.sysctl, ["-n", "kern.bootsessionuuid"]));
  return hexOf(textOf("/proc/sys/kernel/random/boot_id"));
}

/** 32 hex digits of a UUID or an id; anything else counts as not known. */
function hexOf(text: string | undefined): string {
  const digits = (text ?? "").trim().toLowerCase().replaceAll("-", "");
  return /^[0-9a-f]{32}$/u.test(digits) && /[1-9a-f]/u.test(digits) ? digits : "0";
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function answerOf(tool: string, args: readonly string[]): string {
  try {
    return execFileSync(tool, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 5000 });
  } catch {
    return "";
  }
}
