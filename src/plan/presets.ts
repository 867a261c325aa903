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
      method: "dp-aggzo",
      train: ["head"],
      directions: 32,
      steps: 400,
      batch: 256,
      learningRate: 0.1,
      clip: 40,
      smoothing: 1e-2,
    },
    backing:
      "minilm-mlm, epsilon 4, 3 seeds, accuracy on test after and zero-shot: sst2 74.9 % (54.0), trec 76.2 % (31.4), agnews " +
      "83.8 % (30.1, 326 steps); 3,915 to 8,000 records",
  },
  "decoder-135m": {
    models: "causal language models of about 135 million weights",
    settings: {
      method: "dp-aggzo",
      adapter: "lora",
      loraModules: "query,key,value,attended,gate,up,down",
      train: ["adapter:last:1"],
      directions: 16,
      steps: 100,
      batch: 128,
      learningRate: 0.5,
      clip: 3,
      smoothing: 0.02,
    },
    backing:
      "SmolLM2-135M on sst2, 1,000 records, epsilon 4: 79.9 % on test, s. d. 0.4 over 3 seeds, zero-shot 78.4 %",
  },
});

/**
 * A preset by its name.
 *
 * @throws {PlanError} `unknown-preset`, with the names there are.
 * @example
 * settingsPreset("encoder-20m").settings.directions; // 32
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
