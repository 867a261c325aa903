import { Command } from "commander";

import type { Checkpoint } from "../../checkpoint/index.js";
import { nodeRuntime, openNodeCheckpoint, readThreads } from "../../node/index.js";
import type { InferenceRuntime } from "../../runtime/runtime.js";
import { createOutput, type Output } from "../output.js";

/** Lets a command say how the process should end when that is not an error. */
export type SetExitCode = (code: number) => void;

/** Makes one subcommand. */
export type CommandFactory = (setExitCode: SetExitCode) => Command;

/** A subcommand with the flags every command has. */
export function baseCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--json", "print one JSON object on stdout, and nothing else there")
    .option("--quiet", "no progress and no remarks on stderr");
}

const machineFlags: ReadonlySet<string> = new Set(["json", "quiet", "threads"]);

/** The output a command's flags ask for. */
export function outputFor(flags: Readonly<Record<string, unknown>>): Output {
  return createOutput(process, { json: flags["json"] === true, quiet: flags["quiet"] === true });
}

/** Lets a command that runs a model be told how many cores to use. */
export function addThreads(command: Command): void {
  command.option(
    "--threads <n>",
    "cores to use; all of the machine's by default. No bit of a result depends on it",
  );
}

/** The runtime a command's flags ask for. */
export function runtimeFor({ threads }: Readonly<Record<string, unknown>>): InferenceRuntime {
  return nodeRuntime(typeof threads === "string" ? { threads: readThreads(threads, "--threads") } : {});
}

/** Flags without those that only concern the output or the machine. */
export function settingsOf(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).filter(([key, value]) => !machineFlags.has(key) && value !== undefined),
  );
}

/** Uses a Hugging Face folder, with Node's file access and its fast SHA-256, and closes it. */
export async function withFolder<T>(path: string, use: (checkpoint: Checkpoint) => Promise<T>): Promise<T> {
  const checkpoint = await openNodeCheckpoint(path);
  try {
    return await use(checkpoint);
  } finally {
    await checkpoint.close();
  }
}
