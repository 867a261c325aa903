import { z } from "zod";

import { calibrateNoiseMultiplier, epsilon } from "../../accounting/index.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { baseCommand, type CommandFactory, outputFor, settingsOf } from "./shared.js";

const calibrateSchema = z.strictObject({
  epsilon: z.number().positive().describe("privacy budget"),
  delta: z.number().positive().lt(1).describe("delta of the guarantee"),
  samplingRate: z.number().gt(0).lte(1).describe("Poisson sampling rate (q)"),
  steps: z.number().int().min(1).describe("releases (T)"),
});

/** `dpzo calibrate`: the least noise that keeps T releases within a budget, on the safe side. */
export const calibrateCommand: CommandFactory = () => {
  const command = baseCommand("calibrate", "noise multiplier for a privacy budget");
  addSchemaOptions(command, calibrateSchema);
  return command.action((flags: Record<string, unknown>) => {
    const settings = resolveSettings(calibrateSchema, settingsOf(flags));
    const noiseMultiplier = calibrateNoiseMultiplier(settings);
    const { samplingRate, steps, delta } = settings;
    const event = { kind: "gaussian", noiseMultiplier } as const;
    const sampled = { kind: "poissonSampled", samplingRate, event } as const;
    const spent = epsilon({ kind: "repeated", event: sampled, times: steps }, delta);
    outputFor(flags).answer(
      { noiseMultiplier, epsilon: spent.epsilon, epsilonLower: spent.epsilonLower, delta },
      () => [
        `noise multiplier ${noiseMultiplier}: epsilon ${spent.epsilon} of ${settings.epsilon} at delta ${delta}`,
      ],
    );
  });
};
