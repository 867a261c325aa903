import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What decides where a user's state is; `process` has all of it. */
export interface StatePlace {
  /** As `process.platform` says it; a string, so that the declarations need none of Node's types. */
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/**
 * The folder of what dpzo remembers on this machine for this user, between runs and outside of run folders.
 *
 * `DPZO_STATE_HOME` if it is set; else `dpzo` below XDG_STATE_HOME or ~/.local/state (Linux and the like),
 * ~/Library/Application Support (macOS), LOCALAPPDATA or ~/AppData/Local (Windows).
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/ for XDG_STATE_HOME, which counts only if it is
 * absolute
 */
export function stateFolder({ platform, env, home }: StatePlace = thisUser()): string {
  const own = env["DPZO_STATE_HOME"];
  if (own !== undefined && own !== "") return own;
  if (platform === "darwin") return join(home, "Library", "Application Support", "dpzo");
  const given = env[platform === "win32" ? "LOCALAPPDATA" : "XDG_STATE_HOME"];
  if (given !== undefined && isAbsolute(given)) return join(given, "dpzo");
  return platform === "win32"
    ? join(home, "AppData", "Local", "dpzo")
    : join(home, ".local", "state", "dpzo");
}

function thisUser(): StatePlace {
  return { platform: process.platform, env: process.env, home: homedir() };
}
