import type { TrainConfigInput } from "./config.js";
import { PlanError } from "./errors.js";

/** Settings of a run for models of one size, and what they rest on. */
export interface SettingsPreset {
  /** What it is for. */
  readonly models: string;
  /** Settings of `dpzo train`; what is not here is as it is without a preset. */
  readonly settings: Omit<TrainConfigInput, "epsilon" | "delta" | "seed" | "publicSize">;
  /** The run behind it: model, data, budget, result. */
  readonly backing: string;
}

/**
 * Settings by model size, as `--preset` takes them. Each was run with this library; none is a guess at another size.
 *
 * @see docs/experiments/README.md
 */
export const settingsPresets: Readonly<Record<string, SettingsPreset>> = Object.freeze({
  "encoder-20m": {
    models: "masked language models of about 20 million weights",
    settings: {
      method: "dp-zoso",
      train: ["head"],
      directions: 64,
      stages: 3,
      steps: 700,
      batch: 256,
      learningRate: 0.15,
      clip: 40,
      smoothing: 1e-2,
    },
    backing:
      "minilm-mlm on sst2, 8,000 records, epsilon 4: 73.9 % on test, s. d. 1.0 over 3 seeds, zero-shot 54.0 %",
  },
});

/**
 * A preset by its name.
 *
 * @throws {PlanError} `unknown-preset`, with the names there are.
 * @example
 * settingsPreset("encoder-20m").settings.directions; // 64
 */
export function settingsPreset(name: string): SettingsPreset {
  const preset = Object.hasOwn(settingsPresets, name) ? settingsPresets[name] : undefined;
  if (preset !== undefined) return preset;
  throw new PlanError("unknown-preset", {
    message: `There is no preset called ${JSON.stringify(name)}.`,
    value: name,
    expected: Object.keys(settingsPresets).join(", "),
  });
}
