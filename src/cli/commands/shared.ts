import { Command } from "commander";

import type { Checkpoint } from "../../checkpoint/index.js";
import { nodeRuntime, openNodeCheckpoint, readThreads } from "../../node/index.js";
import type { InferenceRuntime } from "../../runtime/runtime.js";
import { createOutput, type Output } from "../output.js";

/** Lets a command say how the process should end when that is not an error. */
export type SetExitCode = (code: number) => void;

/** Makes one subcommand. */
export type CommandFactory = (setExitCode: SetExitCode) => Command;

/** A subcommand without flags. */
export function baseCommand(name: string, description: string): Command {
  return new Command(name).description(description);
}

const outputHeading = "Output and machine:";

/** The flags that every command has; they stand at the end of its help. */
export function addOutputFlags(command: Command): Command {
  return command
    .optionsGroup(outputHeading)
    .option("--json", "print one JSON object to stdout, and nothing else")
    .option("--quiet", "hide progress and remarks; errors are still printed")
    .helpOption("-h, --help", "show this help");
}

const machineFlags: ReadonlySet<string> = new Set(["json", "quiet", "threads"]);

/** The output a command's flags ask for. */
export function outputFor(flags: Readonly<Record<string, unknown>>): Output {
  return createOutput(process, { json: flags["json"] === true, quiet: flags["quiet"] === true });
}

/** Lets a command that runs a model be told how many cores to use. */
export function addThreads(command: Command): void {
  command
    .optionsGroup(outputHeading)
    .option("--threads <n>", "cores to use (default: all); results are the same to the last bit");
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
