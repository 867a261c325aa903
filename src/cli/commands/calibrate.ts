import * as z from "zod";

import {
  calibrate,
  calibrateNoiseMultiplier,
  epsilon,
  type Event,
  gaussian,
  laplace,
  poissonSampled,
  repeated,
} from "../../accounting/index.js";
import { UsageError } from "../errors.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { baseCommand, type CommandFactory, outputFor, settingsOf } from "./shared.js";

const calibrateSchema = z.strictObject({
  epsilon: z.number().positive().describe("privacy budget"),
  delta: z.number().positive().lt(1).describe("delta of the guarantee"),
  mechanism: z.enum(["gaussian", "laplace"]).default("gaussian").describe("kind of noise on each release"),
  samplingRate: z.number().gt(0).lte(1).optional().describe("Poisson sampling rate (q)"),
  steps: z.number().int().min(1).optional().describe("number of releases (T)"),
  noiseMultiplier: z
    .number()
    .positive()
    .optional()
    .describe("standard deviation (laplace: scale) over sensitivity"),
});

type Settings = z.infer<typeof calibrateSchema>;
type Run = Record<"samplingRate" | "steps" | "noiseMultiplier", number>;

/** `dpzo calibrate`: the one of noise, steps and sampling rate that is not given, on the safe side of a budget. */
export const calibrateCommand: CommandFactory = () => {
  const command = baseCommand(
    "calibrate",
    "Solve for noise, steps or sampling rate within a privacy budget, from the other two.",
  );
  addSchemaOptions(command, calibrateSchema);
  return command.action((flags: Record<string, unknown>) => {
    const settings = resolveSettings(calibrateSchema, settingsOf(flags));
    const { solved, run } = solve(settings);
    const spent = epsilon(eventOf(settings, run), settings.delta);
    outputFor(flags).answer(
      { ...run, solved, epsilon: spent.epsilon, epsilonLower: spent.epsilonLower, delta: settings.delta },
      () => [
        `${words[solved]} ${run[solved]}: epsilon ${spent.epsilon} of ${settings.epsilon} at delta ${settings.delta}`,
      ],
    );
  });
};

const words = { samplingRate: "sampling rate", steps: "steps", noiseMultiplier: "noise multiplier" } as const;

function eventOf({ mechanism }: Settings, { samplingRate, steps, noiseMultiplier }: Run): Event {
  const noise = mechanism === "laplace" ? laplace(noiseMultiplier) : gaussian(noiseMultiplier);
  return repeated(poissonSampled(samplingRate, noise), steps);
}

function solve(settings: Settings): { solved: keyof Run; run: Run } {
  const { samplingRate, steps, noiseMultiplier } = settings;
  const given = { samplingRate, steps, noiseMultiplier };
  const missing = (Object.keys(given) as (keyof Run)[]).filter((name) => given[name] === undefined);
  const [solved] = missing;
  if (solved === undefined || missing.length > 1) {
    throw new UsageError("usage", {
      message: missing.length === 0 ? "Nothing is left to solve for." : "Too little is given.",
      expected: "two of --noise-multiplier, --steps and --sampling-rate; the third is the answer",
    });
  }
  const run = { samplingRate: 1, steps: 1, noiseMultiplier: 1, ...definedOf(given) };
  return { solved, run: { ...run, [solved]: solveFor(settings, run, solved) } };
}

function definedOf(given: Readonly<Record<keyof Run, number | undefined>>): Partial<Run> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function solveFor(settings: Settings, run: Run, solved: keyof Run): number {
  if (solved === "noiseMultiplier" && settings.mechanism === "gaussian") {
    return calibrateNoiseMultiplier({ ...settings, samplingRate: run.samplingRate, steps: run.steps });
  }
  const make = (value: number): Event => eventOf(settings, { ...run, [solved]: value });
  switch (solved) {
    case "noiseMultiplier":
      return calibrate(make, settings);
    case "steps":
      return calibrate(make, settings, { integer: true, privacy: "decreasing", guess: 1000, maximum: 1e9 });
    case "samplingRate":
      return calibrate(make, settings, { privacy: "decreasing", guess: 0.01, minimum: 1e-9, maximum: 1 });
  }
}
