import { Command } from "commander";

import type { Checkpoint } from "../../checkpoint/index.js";
import { openNodeCheckpoint } from "../../node/index.js";
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

/** The output a command's flags ask for. */
export function outputFor(flags: Readonly<Record<string, unknown>>): Output {
  return createOutput(process, { json: flags["json"] === true, quiet: flags["quiet"] === true });
}

/** Flags without those that only concern the output. */
export function settingsOf(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).filter(([key, value]) => key !== "json" && key !== "quiet" && value !== undefined),
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
