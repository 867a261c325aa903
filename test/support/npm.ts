import { spawnSync } from "node:child_process";

/** What a program left behind when it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a folder to its end, without the settings that npm hands to the scripts it runs. */
export function runIn(folder: string, program: string, args: readonly string[]): Ended {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_OPTIONS)/iu.test(name));
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    env: Object.fromEntries(own),
    maxBuffer: 2 ** 26,
  });
  return { code: status, stdout, stderr };
}

/** What npm says when there is no way to a registry, and the cache has not what it needs. */
const unreachable =
  /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTCACHED)|ERR_SOCKET_TIMEOUT/u;

/**
 * Installs packages into a folder, from npm's cache where it can, without their install scripts.
 *
 * @returns whether they are there; false where no registry can be reached
 * @throws {Error} with npm's own words for every other failure
 */
export function npmInstall(folder: string, ...packages: readonly string[]): boolean {
  const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"];
  const { code, stderr } = runIn(folder, "npm", ["install", ...flags, ...packages]);
  if (code === 0) return true;
  if (unreachable.test(stderr)) return false;
  throw new Error(`npm install ended with ${String(code)}:\n${stderr}`);
}
