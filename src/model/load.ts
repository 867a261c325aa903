import type { Checkpoint } from "../checkpoint/index.js";
import type { ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";
import { describeModel } from "./registry.js";

/** A checkpoint's network and its canonical float32 weights. */
export interface LoadedModel {
  readonly description: ModelDescription;
  /** By tensor name, exactly the tensors the forward pass reads. */
  readonly weights: Map<string, Float32Array>;
}

/**
 * Describes a checkpoint's network and reads its weights, widened to float32.
 *
 * @throws {ModelError} `unknown-architecture`, `config-field-*`; `tensor-missing` and `tensor-shape`, naming the
 *   tensor, when the weights are not those the config describes.
 * @throws {CheckpointError} when a tensor cannot be read.
 *
 * @example
 * const { description, weights } = await loadModel(await openCheckpoint(nodeFolderReader("models/minilm-mlm")));
 */
export async function loadModel(checkpoint: Checkpoint): Promise<LoadedModel> {
  const description = describeModel(checkpoint.config, new Set(checkpoint.tensors.keys()));
  checkTensors(checkpoint, description);
  const weights = new Map<string, Float32Array>();
  for (const name of description.tensors.keys()) weights.set(name, await checkpoint.read(name));
  return { description, weights };
}

function checkTensors(checkpoint: Checkpoint, description: ModelDescription): void {
  for (const [name, shape] of description.tensors) {
    const tensor = checkpoint.tensors.get(name);
    if (tensor === undefined) {
      throw new ModelError("tensor-missing", {
        message: `${checkpoint.name} has no tensor ${name}.`,
        value: name,
        expected: `every tensor of a ${description.architecture} model with its language-model head`,
        next: "A checkpoint without that head (an encoder alone, a classifier) cannot answer prompts.",
      });
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new ModelError("tensor-shape", {
        message: `Tensor ${name} of ${checkpoint.name} has shape [${tensor.shape.join(", ")}].`,
        value: tensor.shape,
        expected: `[${shape.join(", ")}] by config.json`,
      });
    }
  }
}
