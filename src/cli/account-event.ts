import * as z from "zod";

import {
  composed,
  discreteGaussian,
  type Event,
  gaussian,
  laplace,
  parseEvent,
  poissonSampled,
  repeated,
} from "../accounting/index.js";
import { fromDpAccounting } from "../accounting/interchange.js";
import { UsageError } from "./errors.js";
import { readFlagText } from "./flag-file.js";

/** Flags that say what was released. */
export const releaseSchema = z.strictObject({
  mechanism: z
    .enum(["gaussian", "laplace", "discrete-gaussian"])
    .default("gaussian")
    .describe("kind of noise on each release"),
  noiseMultiplier: z
    .number()
    .positive()
    .optional()
    .describe("gaussian: standard deviation over L2 sensitivity; laplace: scale over L1 sensitivity"),
  standardDeviation: z.number().positive().optional().describe("discrete-gaussian: S, in lattice units"),
  sensitivity: z.number().int().min(1).optional().describe("discrete-gaussian: N, in lattice units"),
  dimensions: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("discrete-gaussian: coordinates of one release (default: 1)"),
  samplingRate: z.number().gte(0).lte(1).optional().describe("Poisson sampling rate (q)"),
  steps: z.number().int().min(1).optional().describe("number of releases (T)"),
  phase: z
    .array(z.string())
    .optional()
    .describe("sampling rate, noise and steps of one phase, as 0.05,1.2,1000; repeat for more phases"),
});

/** What {@link releaseSchema} reads. */
export type ReleaseSettings = z.infer<typeof releaseSchema>;

/** The event that the flags describe. @throws {UsageError} `usage` where they leave something open. */
export function releasedEvent(settings: ReleaseSettings): Event {
  if (settings.phase !== undefined) {
    refuseBeside(settings, ["samplingRate", "steps", "noiseMultiplier", "standardDeviation"]);
    return composed(settings.phase.map((text) => phaseEvent(settings, text)));
  }
  const name = settings.mechanism === "discrete-gaussian" ? "standardDeviation" : "noiseMultiplier";
  const noise = settings[name];
  const { samplingRate, steps } = settings;
  if (noise === undefined || (samplingRate === undefined) !== (steps === undefined)) {
    throw new UsageError("usage", {
      message: "What was released is not said.",
      expected:
        "the noise (--noise-multiplier, or --standard-deviation and --sensitivity) with --sampling-rate and --steps; " +
        "or --phase q,noise,T; or --ledger, --event or --config",
      next: "Without both --sampling-rate and --steps it is one release that reads every record.",
    });
  }
  return phase(settings, samplingRate ?? 1, noise, steps ?? 1);
}

function refuseBeside(settings: ReleaseSettings, names: readonly (keyof ReleaseSettings)[]): void {
  const found = names.find((name) => settings[name] !== undefined);
  if (found === undefined) return;
  throw new UsageError("usage", {
    message: `--phase and ${found} both say what was released.`,
    value: found,
    expected: "one of them",
  });
}

function phaseEvent(settings: ReleaseSettings, text: string): Event {
  const parts = text.split(",");
  const [rate = NaN, noise = NaN, steps = NaN] = parts.map((part) =>
    part.trim() === "" ? NaN : Number(part),
  );
  const isPhase =
    parts.length === 3 &&
    rate >= 0 &&
    rate <= 1 &&
    noise > 0 &&
    noise < Infinity &&
    Number.isSafeInteger(steps);
  if (!isPhase || steps < 1) {
    throw new UsageError("usage", {
      message: `--phase is "${text}".`,
      value: text,
      expected: "sampling rate, noise and steps, as 0.05,1.2,1000",
    });
  }
  return phase(settings, rate, noise, steps);
}

function phase(settings: ReleaseSettings, rate: number, noise: number, steps: number): Event {
  return repeated(poissonSampled(rate, noiseEvent(settings, noise)), steps);
}

/** The release of one step. */
export function noiseEvent({ mechanism, sensitivity, dimensions }: ReleaseSettings, noise: number): Event {
  switch (mechanism) {
    case "gaussian":
      return gaussian(noise);
    case "laplace":
      return laplace(noise);
    case "discrete-gaussian":
      if (sensitivity === undefined) {
        throw new UsageError("usage", {
          message: "--sensitivity is missing.",
          expected: "the integer sensitivity of the discrete Gaussian, in lattice units",
        });
      }
      return discreteGaussian(noise, sensitivity, dimensions);
  }
}

/** An event from a JSON file: ours (`kind`) or that of google dp_accounting (`class_name`). */
export function readEventFile(path: string): Event {
  const text = readFlagText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own sentence quotes the file, which may be a private one in the wrong place.
    throw new UsageError("config-file", {
      message: `Cannot read ${path}: it is not JSON.`,
      value: path,
      expected: "a JSON file with a privacy event",
    });
  }
  const isTheirs = typeof value === "object" && value !== null && "class_name" in value;
  return isTheirs ? fromDpAccounting(value) : parseEvent(value);
}
