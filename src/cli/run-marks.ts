import { FileError } from "../files.js";
import type { Opening } from "../ledger/index.js";
import { nodeMarkStore, type NodeMarkStore } from "../node/index.js";
import type { Output } from "./output.js";

/**
 * What this machine has seen of runs, for the run in a folder; undefined, with a remark, where the user's state
 * cannot be kept: a run is protected by its ledger, the mark only against what happens to the ledger between runs.
 */
export async function openMarks(out: string, output: Output): Promise<NodeMarkStore | undefined> {
  try {
    return await nodeMarkStore(out);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    output.say(
      `note: no mark of this run is kept on this machine, so a shortened or copied ledger would not be noticed. ${error.message} DPZO_STATE_HOME names another folder.`,
    );
    return undefined;
  }
}

/** What people should know of how a ledger was opened. */
export function openingWords({ chargedSteps, isNewHere }: Opening): readonly string[] {
  return [
    ...(chargedSteps > 0
      ? [
          `charged: ${chargedSteps} steps missing from the ledger count as spent; nothing of them is in the model`,
        ]
      : []),
    ...(isNewHere
      ? ["note: this machine has not seen this run before, and takes the ledger for its newest copy"]
      : []),
  ];
}
