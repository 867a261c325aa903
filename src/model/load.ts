import { type Checkpoint, droppedAliases } from "../checkpoint/index.js";
import type { ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";
import { readPrefix } from "./read-prefix.js";
import { countParameters, describeModel } from "./registry.js";
import { WeightStore } from "./weight-store.js";

/** Float32 weights up to this many bytes are widened at once: widening at every use costs time, and memory is there. */
const defaultWideLimit = 2 ** 30;

/** Settings that change memory and speed, never a value. */
export interface LoadOptions {
  /**
   * Most bytes of all weights in float32 for which 16-bit tensors are widened when loaded; above it they stay as they
   * are stored until they are changed. 1 GiB by default; 0 for the least memory.
   */
  readonly wideLimit?: number;
}

/** A checkpoint's network and its canonical weights. */
export interface LoadedModel {
  readonly description: ModelDescription;
  /** By tensor name, exactly the tensors the forward pass reads; those of a large model stored in 16 bits stay so. */
  readonly weights: WeightStore;
}

/**
 * Describes a checkpoint's network and reads its weights, with the prefix in its adapter folder if it has one; a large model's memory stays near the file's size.
 *
 * @throws {ModelError} `unknown-architecture`, `config-field-*`; `tensor-missing` and `tensor-shape`, naming the
 *   tensor, when the weights are not those the config describes; `adapter-unsupported`.
 * @throws {CheckpointError} when a tensor cannot be read; `tied-tensors-differ` for the two biases of a tied head.
 *
 * @example
 * const { description, weights } = await loadModel(await openCheckpoint(nodeFolderReader("models/minilm-mlm")));
 */
export async function loadModel(
  checkpoint: Checkpoint,
  { wideLimit = defaultWideLimit }: LoadOptions = {},
): Promise<LoadedModel> {
  const description = describeModel(checkpoint.config, new Set(checkpoint.tensors.keys()));
  checkTensors(checkpoint, description);
  await refuseTwoBiases(checkpoint, description);
  const weights = new WeightStore(largestStageBytes(description));
  const keepsHalves = 4 * countParameters(description) > wideLimit;
  for (const name of description.tensors.keys()) {
    const dtype = checkpoint.tensors.get(name)?.dtype;
    if (keepsHalves && (dtype === "F16" || dtype === "BF16")) {
      weights.add(name, { dtype, bits: await readHalf(checkpoint, name) });
    } else {
      weights.set(name, await checkpoint.read(name));
    }
  }
  const prefixed = await readPrefix(checkpoint, description);
  if (prefixed === undefined) return { description, weights };
  for (const [name, values] of prefixed.values) weights.set(name, values);
  return { description: prefixed.description, weights };
}

/** Bytes of the stage with the most weights, in float32. */
function largestStageBytes(description: ModelDescription): number {
  const elements = (name: string): number =>
    (description.tensors.get(name) ?? []).reduce((product, size) => product * size, 1);
  const stages = description.stages({ kind: "all-logits" });
  return (
    4 *
    Math.max(...stages.map(({ weights }) => weights.reduce((sum, { tensor }) => sum + elements(tensor), 0)))
  );
}

async function readHalf(checkpoint: Checkpoint, name: string): Promise<Uint16Array> {
  const bytes = new Uint8Array(checkpoint.tensors.get(name)?.bytes ?? 0);
  let at = 0;
  for await (const piece of checkpoint.readRaw(name)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  // Typed arrays use the machine's byte order; every platform that runs JavaScript today is little-endian.
  return new Uint16Array(bytes.buffer);
}

/**
 * Compares names and shapes with what the config describes; reads no weights.
 *
 * @throws {ModelError} `tensor-missing`, `tensor-shape`, naming the tensor.
 */
export function checkTensors(checkpoint: Checkpoint, description: ModelDescription): void {
  for (const [name, shape] of description.tensors) {
    const tensor = checkpoint.tensors.get(name);
    if (tensor === undefined) {
      throw new ModelError("tensor-missing", {
        message: `${checkpoint.name} has no tensor ${name}.`,
        value: name,
        expected: `every tensor of a ${description.architecture} model with its language-model head`,
        next: whyMissing(checkpoint, description, name),
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

/** What is likely behind a missing tensor. */
function whyMissing({ tensors }: Checkpoint, { tiedAliases }: ModelDescription, name: string): string {
  const [other] = [...tiedAliases].find(([alias, kept]) => kept === name && tensors.has(alias)) ?? [];
  return name.endsWith(".bias") && other !== undefined
    ? `It has ${other}, which transformers 4 adds in its place; transformers 5 adds zeros, since config.json says ` +
        "tie_word_embeddings false. Save the bias that is meant under both names."
    : "A checkpoint without that head (an encoder alone, a classifier) cannot answer prompts.";
}

/**
 * Compares the two names of a tied head's bias, which is read under one of them.
 *
 * @throws {CheckpointError} `tied-tensors-differ`: transformers 4 takes one of them, transformers 5 the other.
 */
async function refuseTwoBiases(checkpoint: Checkpoint, { tiedAliases }: ModelDescription): Promise<void> {
  const biases = new Map([...tiedAliases].filter(([alias]) => alias.endsWith(".bias")));
  await droppedAliases(checkpoint, new Map(), biases);
}
