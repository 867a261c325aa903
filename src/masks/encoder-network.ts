import type { ModelDescription, ModelStage } from "../model/index.js";
import { MaskError } from "./errors.js";
import type { LinearLayer, LinearNetwork } from "./linear-network.js";

/**
 * The linear network inside a post-norm encoder: for each block, value and output projection around a residual, a
 * gain, the two feed-forward layers around a residual, a gain; before it the embeddings' gain, after it the head's
 * transform.
 *
 * What is made the identity: softmax (one position attends to itself alone, so queries and keys drop out), norms but
 * for their gains, activations; biases are left out. Ones stand for the embeddings, so no row of a table is in it, and
 * neither is the vocabulary's projection, most of which no label reads. What is not in it is never kept by a score
 * on it before what is.
 *
 * @throws {MaskError} `no-linear-network` for a model whose stages are not of that form.
 * @see methods.md 3, "linearise properly"
 */
export function encoderNetwork(description: ModelDescription): LinearNetwork {
  if (description.adapter !== undefined) throw withAdapters(description);
  const stages = description.kind === "masked-lm" ? description.stages({ kind: "all-logits" }) : [];
  const layers = stages.flatMap((stage) => stageLayers(description, stage));
  const [first] = layers;
  if (first?.kind !== "gain") throw unknownForm(description, "the first stage");
  return { width: description.tensors.get(first.tensor)?.[0] ?? 0, layers };
}

function stageLayers(description: ModelDescription, stage: ModelStage): readonly LinearLayer[] {
  const byInput = new Map(stage.weights.map(({ input, tensor }) => [input, tensor]));
  const has = (...stems: readonly string[]): boolean => stems.every((stem) => byInput.has(`${stem}_weight`));
  const tensorOf = (stem: string): string => byInput.get(`${stem}_weight`) ?? "";
  const dense = (stem: string): LinearLayer => denseLayer(description, tensorOf(stem));
  const gain = (stem: string): LinearLayer => ({ kind: "gain", tensor: tensorOf(stem) });
  const residual = (...layers: readonly LinearLayer[]): LinearLayer => ({ kind: "residual", layers });
  if (has("value", "attended", "attention_norm", "up", "down", "feed_norm") && !has("gate")) {
    return [
      residual(dense("value"), dense("attended")),
      gain("attention_norm"),
      residual(dense("up"), dense("down")),
      gain("feed_norm"),
    ];
  }
  if (has("dense", "norm")) return [dense("dense"), gain("norm")];
  if (byInput.has("word") && has("norm"))
    return has("project") ? [gain("norm"), dense("project")] : [gain("norm")];
  throw unknownForm(description, stage.name);
}

function unknownForm({ architecture }: ModelDescription, where: string): MaskError {
  return new MaskError("no-linear-network", {
    message: `How ${where} of a ${architecture} model looks without what bends is not known.`,
    value: architecture,
    expected: "a post-norm encoder",
    next: "Use a score that needs no network: small-magnitude, large-magnitude or random.",
  });
}

function withAdapters({ architecture }: ModelDescription): MaskError {
  return new MaskError("no-linear-network", {
    message: "Scores on the linear network do not know of adapters.",
    value: architecture,
    expected: "a score of the weights themselves",
    next: "Use small-magnitude, large-magnitude or random, or train without an adapter.",
  });
}

function denseLayer(description: ModelDescription, tensor: string): LinearLayer {
  const [rows = 0, columns = 0] = description.tensors.get(tensor) ?? [];
  return { kind: "dense", tensor, rows, columns };
}
