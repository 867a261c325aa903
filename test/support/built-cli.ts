import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { repositoryPath } from "./shared.js";

const binary = repositoryPath("bin/dpzo.js");
const main = repositoryPath("dist/cli/main.js");
const lock = repositoryPath("node_modules/.dpzo-test-build");

/** What a command left behind when it ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds `dist` where it is missing or older than a source; test files that run at once take turns. */
export async function ensureBuilt(): Promise<void> {
  while (isStale()) {
    try {
      mkdirSync(lock);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    try {
      const built = spawnSync(
        process.execPath,
        [repositoryPath("node_modules/typescript/bin/tsc"), "-p", repositoryPath("tsconfig.build.json")],
        { encoding: "utf8" },
      );
      if (!existsSync(main)) throw new Error(`The build failed:\n${built.stdout}`);
      return;
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
}

function isStale(): boolean {
  return !existsSync(main) || newest(repositoryPath("src")) > statSync(main).mtimeMs;
}

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

/** Starts `dpzo`; the caller may kill it. */
export function startDpzo(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [binary, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Waits for a command to end and gives what it wrote. */
export function ended(child: ChildProcess): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs one `dpzo` command to its end. */
export function dpzo(...args: readonly string[]): Promise<CommandResult> {
  return ended(startDpzo(args));
}
