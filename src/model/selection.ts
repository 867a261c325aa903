import type { ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";

/**
 * The tensors a selection trains, in the order of the walk.
 *
 * A selection is one or more of these, separated by commas:
 * - `head`: the head's transform (not the vocabulary's own rows and bias, most of which no label reads);
 * - `last:N`: the last N blocks and the head;
 * - `blocks`: every block and the head;
 * - `all`: every tensor the loss reads, embeddings included;
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
  if (part === "head") return description.headTensors;
  const last = part === "blocks" ? description.blocks.length : lastCount(part);
  if (last !== undefined) return lastBlocks(description, last, part);
  const pattern = new RegExp(`^${part.split("*").map(escapeRegExp).join(".*")}$`, "u");
  return names.filter((name) => pattern.test(name));
}

function lastCount(part: string): number | undefined {
  const match = /^last:(\d+)$/u.exec(part);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function lastBlocks(description: ModelDescription, count: number, part: string): readonly string[] {
  if (count < 1 || count > description.blocks.length) throw unknownSelection(description, part);
  const wanted = new Set(description.blocks.slice(-count));
  const stages = description.stages({ kind: "all-logits" }).filter(({ name }) => wanted.has(name));
  return [
    ...stages.flatMap(({ weights }) => weights.map(({ tensor }) => tensor)),
    ...description.headTensors,
  ];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/gu, "\\$&");
}

function unknownSelection(description: ModelDescription, part: string): ModelError {
  return new ModelError("unknown-selection", {
    message: `"${part}" selects no tensor of this ${description.architecture} model.`,
    value: part,
    expected: `head, last:1 to last:${description.blocks.length}, blocks, all, or a tensor name with * in it`,
    next: "Run `dpzo doctor --model DIR --json` for the tensors' names.",
  });
}
