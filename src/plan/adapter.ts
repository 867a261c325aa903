import { type Adapter, usualLoraModules, withAdapter } from "../model/adapter.js";
import type { ModelDescription } from "../model/description.js";
import type { TrainConfig } from "./config.js";
import { PlanError } from "./errors.js";
import type { PlanStage } from "./plan.js";

/** Rank and alpha unless told: PEFT's rank, and twice it. */
const usual = { rank: 8, alpha: 16 } as const;

/** What each stage trains, as it was asked for: the adapter where there is one and nothing else is said. */
export function trainSelections({ train, adapter }: TrainConfig): readonly string[] {
  return train ?? [adapter === undefined ? "head" : "adapter"];
}

/**
 * The adapter that a configuration asks for, on every block.
 *
 * @throws {PlanError} `contradictory-settings` for settings of an adapter without one; {ModelError}
 *   `unknown-adapter-module`.
 */
export function requestedAdapter(config: TrainConfig, description: ModelDescription): Adapter | undefined {
  const { adapter, loraRank, loraAlpha, loraModules } = config;
  if (adapter === undefined) {
    if ([loraRank, loraAlpha, loraModules].some((value) => value !== undefined)) throw noAdapter();
    return undefined;
  }
  const asked = loraModules?.split(",").map((stem) => stem.trim()) ?? usualLoraModules(description);
  const spec = { rank: loraRank ?? usual.rank, alpha: loraAlpha ?? usual.alpha };
  const blocks = description.blocks.length;
  withAdapter(description, { kind: adapter, ...spec, modules: asked, blocks });
  // In the model's own order, so that one adapter is one plan.
  const modules = description.linearStems.filter((stem) => asked.includes(stem));
  return { kind: adapter, ...spec, modules, blocks };
}

/**
 * The adapter on as few of the last blocks as the stages train: the blocks below run the plain graph.
 *
 * @param description with the adapter on every block
 * @throws {PlanError} `contradictory-settings` where the stages train nothing of the adapter, or something that its
 *   folder could not hold.
 */
export function neededAdapter(
  adapter: Adapter,
  description: ModelDescription,
  stages: readonly Pick<PlanStage, "tensors">[],
): Adapter {
  const trained = new Set(stages.flatMap(({ tensors }) => tensors));
  const adapters = new Set(description.adapter?.tensors);
  const others = new Set([...description.headTensors, ...description.normTensors]);
  for (const name of trained) if (!adapters.has(name) && !others.has(name)) throw notInFolder(name);
  const blocks = description
    .stages({ kind: "all-logits" })
    .filter(({ name }) => description.blocks.includes(name));
  const first = blocks.findIndex(({ weights }) =>
    weights.some(({ tensor }) => adapters.has(tensor) && trained.has(tensor)),
  );
  if (first === -1) throw untrained();
  return { ...adapter, blocks: blocks.length - first };
}

function noAdapter(): PlanError {
  return new PlanError("contradictory-settings", {
    message: "The settings describe LoRA adapters and ask for none.",
    expected: "--adapter lora beside --lora-rank, --lora-alpha and --lora-modules",
  });
}

function untrained(): PlanError {
  return new PlanError("contradictory-settings", {
    message: "The settings ask for an adapter, and no stage trains anything of it.",
    expected: "adapter, adapter:last:N or a pattern of its tensors' names among --train",
    next: "Leave --train out to train the adapter, or leave --adapter out.",
  });
}

function notInFolder(name: string): PlanError {
  return new PlanError("contradictory-settings", {
    message: `Beside an adapter the settings train ${name}.`,
    value: name,
    expected: "tensors of the adapter, the head and the norms: what a PEFT folder can hold as whole modules",
    next: "Use --train adapter, adapter:last:N, head or norms, or train without --adapter.",
  });
}
