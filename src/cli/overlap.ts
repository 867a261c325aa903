import { readdirSync } from "node:fs";
import { join } from "node:path";

import { findOverlap, type NamedPath, type OutputPaths } from "../node/index.js";
import { UsageError } from "./errors.js";

/** A path of the command line that may not have been given. */
export interface GivenPath {
  readonly name: string;
  readonly path: string | undefined;
}

/**
 * A checkpoint folder as an input: itself, the folder of an adapter in it, and each of their files, since a file may be a
 * link to another place. In the Hugging Face cache all are.
 */
export function modelInputs(name: string, path: string): readonly NamedPath[] {
  const adapter = { name: `the adapter of ${name}`, path: join(path, "adapter") };
  return [{ name, path }, ...filesIn(name, path), adapter, ...filesIn(adapter.name, adapter.path)];
}

/** The files of a folder; none where it cannot be looked at, which is told when it is opened. */
function filesIn(name: string, folder: string): NamedPath[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return entries.map((entry) => ({ name: `${entry.name} of ${name}`, path: join(folder, entry.name) }));
  } catch {
    return [];
  }
}

/** The folders into which a checkpoint is written. */
export function modelOutputs(name: string, path: string): readonly NamedPath[] {
  return [
    { name, path },
    { name: `the adapter folder of ${name}`, path: join(path, "adapter") },
  ];
}

/**
 * Refuses a command that would overwrite one of its own inputs, before it writes anything.
 *
 * @throws {UsageError} `usage`, naming both paths
 */
export async function refuseOverlap(inputs: readonly GivenPath[], outputs: OutputPaths): Promise<void> {
  const given = inputs.flatMap(({ name, path }) => (path === undefined ? [] : [{ name, path }]));
  const found = await findOverlap(given, outputs);
  if (found === undefined) return;
  const { input, output } = found;
  throw new UsageError("usage", {
    message: `${output.name} (${output.path}) would overwrite ${input.name} (${input.path}).`,
    value: output.path,
    expected: "an output that is none of the inputs",
    next: "Give another path.",
  });
}
