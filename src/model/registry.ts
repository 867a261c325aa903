import { bert, camembert, electra, roberta, xlmRoberta } from "./bert.js";
import { excerpt } from "../checkpoint/index.js";
import type { Architecture, ModelDescription } from "./description.js";
import { distilbert } from "./distilbert.js";
import { ModelError } from "./errors.js";
import { gpt2 } from "./gpt2.js";
import { llama, mistral, qwen2, qwen3 } from "./llama.js";
import { opt } from "./opt.js";

/** Every architecture dpzo can run, by `model_type`. */
export const architectures: readonly Architecture[] = [
  bert,
  roberta,
  xlmRoberta,
  camembert,
  distilbert,
  electra,
  gpt2,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
];

/**
 * Describes the network of a `config.json`.
 *
 * @param tensorNames What the checkpoint holds, where it is at hand: some published checkpoints name their tensors
 *   without the base model's prefix.
 * @throws {ModelError} `unknown-architecture` for a `model_type` not in the registry;
 *   `config-field-missing` or `config-field-unsupported`, naming the field, for a config that is not fully
 *   understood.
 *
 * @example
 * const description = describeModel(checkpoint.config);
 * console.log(description.architecture, description.blocks.length);
 */
export function describeModel(
  config: Readonly<Record<string, unknown>>,
  tensorNames?: ReadonlySet<string>,
): ModelDescription {
  const found = architectures.find(({ modelType }) => modelType === config["model_type"]);
  if (found === undefined) {
    throw new ModelError("unknown-architecture", {
      message: `config.json: model_type is ${excerpt(config["model_type"] ?? null)}.`,
      value: config["model_type"],
      expected: `one of ${architectures.map(({ modelType }) => modelType).join(", ")}`,
    });
  }
  return found.describe(config, tensorNames);
}

/** The number of weights the forward pass reads, tied ones counted once. */
export function countParameters(description: ModelDescription): number {
  return [...description.tensors.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
