import { join } from "node:path";

import type { Checkpoint } from "../checkpoint/index.js";
import { checkWritable, haveSameContent } from "../node/index.js";
import { evaluationIsTraining } from "../train/evaluation-set.js";
import { sideFileBytes } from "../train/preflight.js";
import { type GivenPath, modelInputs, modelOutputs, refuseOverlap } from "./overlap.js";

/** What of a run its paths are. */
export interface RunPaths {
  readonly modelFolder: string;
  readonly out: string;
  /** Other files that are read: records, settings. */
  readonly inputs?: readonly GivenPath[];
}

/** What a run writes into its folder besides the model. */
const runFiles = ["ledger.jsonl", "metrics.json", "report.html"] as const;
/** Room for ledger, report and metrics: a generous guess, as their size depends on the number of steps. */
const runFileBytes = 2 ** 24;

/** Refuses a run whose folder holds one of its inputs. @throws {UsageError} `usage` */
export function refuseRunOverlap({ modelFolder, out, inputs = [] }: RunPaths): Promise<void> {
  return refuseOverlap([...modelInputs("--model", modelFolder), ...inputs], {
    files: runFiles.map((name) => ({ name: `${name} of --out`, path: join(out, name) })),
    folders: modelOutputs("the model folder of --out", join(out, "model")),
  });
}

/**
 * Checks that what a run will have to write when all of its epsilon is spent can be written.
 *
 * @throws {FileError} `not-a-folder`, `not-a-file`, `no-permission`, `no-space`, `write-failed`
 */
export async function checkRunWritable(base: Checkpoint, out: string): Promise<void> {
  const carried = [...(await base.sideFiles()).values()];
  const weights = [...base.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  await checkWritable(out, { names: runFiles, bytes: runFileBytes });
  await checkWritable(join(out, "model"), {
    names: [...carried, ...base.weights.files.keys(), "ledger.jsonl", "README.md"],
    bytes: weights + (await sideFileBytes(base)),
  });
}

/**
 * Refuses a public test file that is the private training file, or a copy of it: its exact scores would be a release.
 *
 * @throws {TrainError} `evaluation-is-training`; {FileError}
 */
export async function refuseTrainingFile(data: string, evalData: string): Promise<void> {
  if (await haveSameContent(data, evalData)) throw evaluationIsTraining();
}
