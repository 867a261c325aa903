import { bert, roberta } from "./bert.js";
import type { Architecture, ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";

/** Every architecture dpzo can run, by `model_type`. */
export const architectures: readonly Architecture[] = [bert, roberta];

/**
 * Describes the network of a `config.json`.
 *
 * @throws {ModelError} `unknown-architecture` for a `model_type` not in the registry;
 *   `config-field-missing` or `config-field-unsupported`, naming the field, for a config that is not fully
 *   understood.
 *
 * @example
 * const description = describeModel(checkpoint.config);
 * console.log(description.architecture, description.blocks.length);
 */
export function describeModel(config: Readonly<Record<string, unknown>>): ModelDescription {
  const found = architectures.find(({ modelType }) => modelType === config["model_type"]);
  if (found === undefined) {
    throw new ModelError("unknown-architecture", {
      message: `config.json: model_type is ${JSON.stringify(config["model_type"] ?? null)}.`,
      value: config["model_type"],
      expected: `one of ${architectures.map(({ modelType }) => modelType).join(", ")}`,
    });
  }
  return found.describe(config);
}

/** The number of weights the forward pass reads, tied ones counted once. */
export function countParameters(description: ModelDescription): number {
  return [...description.tensors.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
