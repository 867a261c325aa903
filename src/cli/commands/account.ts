import { z } from "zod";

import { epsilon, type Event } from "../../accounting/index.js";
import { UsageError } from "../errors.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { figure } from "../output.js";
import { baseCommand, type CommandFactory, outputFor, settingsOf } from "./shared.js";

const accountSchema = z.strictObject({
  samplingRate: z.number().gt(0).lte(1).optional().describe("Poisson sampling rate (q)"),
  noiseMultiplier: z
    .number()
    .positive()
    .optional()
    .describe("noise standard deviation over L2 sensitivity (sigma)"),
  steps: z.number().int().min(1).optional().describe("releases (T)"),
  phase: z.array(z.string()).optional().describe("q,sigma,T of one phase; repeat for several"),
  delta: z.number().positive().lt(1).describe("delta of the guarantee"),
});

type AccountSettings = z.infer<typeof accountSchema>;

/** `dpzo account`: epsilon of Poisson-sampled Gaussian releases at a delta, between two bounds. */
export const accountCommand: CommandFactory = () => {
  const command = baseCommand("account", "epsilon of Poisson-sampled Gaussian releases");
  addSchemaOptions(command, accountSchema);
  return command.action((flags: Record<string, unknown>) => {
    const settings = resolveSettings(accountSchema, settingsOf(flags));
    const event: Event = { kind: "composed", events: phasesOf(settings) };
    const answer = epsilon(event, settings.delta);
    outputFor(flags).answer(
      {
        epsilon: answer.epsilon,
        epsilonLower: answer.epsilonLower,
        delta: settings.delta,
        neighbouring: "add-or-remove-one",
        event,
      },
      () => [
        `epsilon ${figure(answer.epsilon, 6)} (true value between ${figure(answer.epsilonLower, 6)} and that) at delta ${settings.delta}`,
        "neighbouring data sets: add or remove one record; every step samples each record by itself",
      ],
    );
  });
};

function phasesOf(settings: AccountSettings): readonly Event[] {
  if (settings.phase !== undefined) return settings.phase.map(phaseEvent);
  const { samplingRate, noiseMultiplier, steps } = settings;
  if (samplingRate === undefined || noiseMultiplier === undefined || steps === undefined) {
    throw new UsageError("usage", {
      message: "What was released is not said.",
      expected: "--sampling-rate, --noise-multiplier and --steps, or --phase q,sigma,T",
    });
  }
  return [gaussianPhase(samplingRate, noiseMultiplier, steps)];
}

function phaseEvent(text: string): Event {
  const [rate, noise, steps, ...rest] = text.split(",").map(Number);
  const isPhase =
    rest.length === 0 &&
    rate !== undefined &&
    rate > 0 &&
    rate <= 1 &&
    noise !== undefined &&
    noise > 0 &&
    Number.isInteger(steps);
  if (!isPhase || steps === undefined || steps < 1) {
    throw new UsageError("usage", {
      message: `--phase is "${text}".`,
      value: text,
      expected: "sampling rate, noise multiplier and steps, as 0.05,1.2,1000",
    });
  }
  return gaussianPhase(rate, noise, steps);
}

function gaussianPhase(samplingRate: number, noiseMultiplier: number, times: number): Event {
  const sampled: Event = {
    kind: "poissonSampled",
    samplingRate,
    event: { kind: "gaussian", noiseMultiplier },
  };
  return { kind: "repeated", event: sampled, times };
}
