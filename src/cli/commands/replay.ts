import * as z from "zod";

import { nodeFolderWriter } from "../../node/index.js";
import { replayLedger } from "../../replay/replay-model.js";
import { modelInputs, modelOutputs, refuseOverlap } from "../overlap.js";
import { readFlagFile } from "../flag-file.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { baseCommand, type CommandFactory, withFolder, outputFor, settingsOf } from "./shared.js";

const replaySchema = z.strictObject({
  base: z.string().describe("base checkpoint folder"),
  ledger: z.string().describe("ledger.jsonl of a run"),
  out: z.string().describe("folder to write the fine-tuned checkpoint to"),
});

/** `dpzo replay`: rebuilds the fine-tuned checkpoint from its base and its ledger, to the same bytes. */
export const replayCommand: CommandFactory = () => {
  const command = baseCommand(
    "replay",
    "Rebuild a fine-tuned checkpoint from its base and ledger, to the same bytes.",
  );
  addSchemaOptions(command, replaySchema);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveSettings(replaySchema, settingsOf(flags));
    await refuseOverlap(
      [...modelInputs("--base", settings.base), { name: "--ledger", path: settings.ledger }],
      { files: [], folders: modelOutputs("--out", settings.out) },
    );
    const output = outputFor(flags);
    const ledger = readFlagFile(settings.ledger);
    const verified = await withFolder(settings.base, (base) =>
      replayLedger(base, ledger, nodeFolderWriter(settings.out)),
    );
    const { steps, lostSteps, finalHash } = verified;
    const spent =
      "epsilon" in verified
        ? { epsilon: verified.epsilon, delta: verified.delta }
        : { private: false as const };
    output.answer({ out: settings.out, steps, lostSteps, ...spent, finalHash }, () => [
      `wrote ${settings.out}: ${steps} steps replayed, ` +
        ("epsilon" in spent ? `epsilon ${spent.epsilon} at delta ${spent.delta}` : "NOT private"),
    ]);
  });
};
