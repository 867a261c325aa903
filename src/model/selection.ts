import type { ModelDescription, ModelStage } from "./description.js";
import { ModelError } from "./errors.js";

/**
 * The tensors a selection trains, in the order of the walk.
 *
 * A selection is one or more of these, separated by commas:
 * - `head`: the head's transform (not the vocabulary's own rows and bias, most of which no label reads);
 * - `last:N`: the last N blocks and the head;
 * - `blocks`: every block and the head;
 * - `all`: every tensor the loss reads, embeddings included;
 * - `biases`: the biases of all linear layers and norms, but not the vocabulary's;
 * - `norms`: gains and biases of all norms; `bias-and-norm`: both;
 * - `adapter`: every tensor of the model's adapters; `adapter:last:N`: those of the last N blocks;
 * - a tensor name, in which `*` stands for any run of characters.
 *
 * @throws {ModelError} `unknown-selection` when a part selects nothing.
 *
 * @example
 * selectTensors(description, "head,bert.encoder.layer.5.output.*");
 */
export function selectTensors(description: ModelDescription, selection: string): readonly string[] {
  const chosen = new Set<string>();
  for (const part of selection.split(",").map((text) => text.trim())) {
    const names = selectPart(description, part);
    if (names.length === 0) throw unknownSelection(description, part);
    for (const name of names) chosen.add(name);
  }
  return [...description.tensors.keys()].filter((name) => chosen.has(name));
}

function selectPart(description: ModelDescription, part: string): readonly string[] {
  const names = [...description.tensors.keys()];
  if (part === "all") return names;
  const named = namedPart(description, part);
  if (named !== undefined) return named;
  const last = part === "blocks" ? description.blocks.length : lastCount(part, /^last:(\d+)$/u);
  if (last !== undefined) return [...lastBlocks(description, last, part), ...description.headTensors];
  const adapted = lastCount(part, /^adapter:last:(\d+)$/u);
  if (adapted !== undefined) return lastAdapters(description, adapted, part);
  const pattern = new RegExp(`^${part.split("*").map(escapeRegExp).join(".*")}$`, "u");
  return names.filter((name) => pattern.test(name));
}

function namedPart(description: ModelDescription, part: string): readonly string[] | undefined {
  const { headTensors, biasTensors, normTensors, adapter } = description;
  switch (part) {
    case "head":
      return headTensors;
    case "biases":
      return biasTensors;
    case "norms":
      return normTensors;
    case "bias-and-norm":
      return [...biasTensors, ...normTensors];
    case "adapter":
      return adapter?.tensors ?? [];
    default:
      return undefined;
  }
}

function lastCount(part: string, form: RegExp): number | undefined {
  const match = form.exec(part);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The tensors of the last blocks. */
function lastBlocks(description: ModelDescription, count: number, part: string): readonly string[] {
  if (count < 1 || count > description.blocks.length) throw unknownSelection(description, part);
  const wanted = new Set(description.blocks.slice(-count));
  const stages = description.stages({ kind: "all-logits" }).filter(({ name }) => wanted.has(name));
  return stages.flatMap(({ weights }) => weights.map(({ tensor }) => tensor));
}

function lastAdapters(description: ModelDescription, count: number, part: string): readonly string[] {
  const adapters = new Set(description.adapter?.tensors);
  return lastBlocks(description, count, part).filter((name) => adapters.has(name));
}

function escapeRegExp(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/gu, "\\$&");
}

function unknownSelection(description: ModelDescription, part: string): ModelError {
  const isAdapter = part.startsWith("adapter") && description.adapter === undefined;
  return new ModelError("unknown-selection", {
    message: `"${part}" selects no tensor of this ${description.architecture} model.`,
    value: part,
    expected:
      `head, last:1 to last:${description.blocks.length}, blocks, all, biases, norms, bias-and-norm, ` +
      `adapter, adapter:last:N, or a tensor name with * in it`,
    next: isAdapter
      ? "The model has no adapters: give --adapter."
      : "Run `dpzo doctor --model DIR --json` for the tensors' names.",
  });
}

/** Index of the lowest model stage that reads one of the tensors; the number of stages where none does. */
export function firstTrained(modelStages: readonly ModelStage[], tensors: ReadonlySet<string>): number {
  const first = modelStages.findIndex(({ weights }) => weights.some(({ tensor }) => tensors.has(tensor)));
  return first === -1 ? modelStages.length : first;
}
