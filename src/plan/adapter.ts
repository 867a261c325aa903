import { type Adapter, type ModelDescription, usualLoraModules, withAdapter } from "../model/index.js";
import type { TrainConfig } from "./config.js";
import { PlanError } from "./errors.js";
import type { Plan, PlanStage } from "./plan.js";

/** Rank and alpha unless told: PEFT's rank, and twice it. */
const usual = { rank: 8, alpha: 16, length: 8 } as const;

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
  if (description.adapter !== undefined) throw alreadyAdapted();
  checkSettings(config);
  switch (config.adapter) {
    case undefined:
      return undefined;
    case "lora":
      return requestedLora(config, description);
    case "prefix":
      return { kind: "prefix", length: config.prefixLength ?? usual.length };
  }
}

function checkSettings({ adapter, loraRank, loraAlpha, loraModules, prefixLength }: TrainConfig): void {
  const isSet = (...values: readonly unknown[]): boolean => values.some((value) => value !== undefined);
  if (adapter !== "lora" && isSet(loraRank, loraAlpha, loraModules)) throw noAdapter("LoRA adapters", "lora");
  if (adapter !== "prefix" && isSet(prefixLength)) throw noAdapter("a prefix", "prefix");
}

function requestedLora(
  { loraRank, loraAlpha, loraModules }: TrainConfig,
  description: ModelDescription,
): Adapter {
  const asked = loraModules?.split(",").map((stem) => stem.trim()) ?? usualLoraModules(description);
  const spec = { kind: "lora", rank: loraRank ?? usual.rank, alpha: loraAlpha ?? usual.alpha } as const;
  const blocks = description.blocks.length;
  withAdapter(description, { ...spec, modules: asked, blocks });
  // In the model's own order, so that one adapter is one plan.
  return { ...spec, modules: description.linearStems.filter((stem) => asked.includes(stem)), blocks };
}

/**
 * LoRA on as few of the last blocks as the stages train: the blocks below run the plain graph. A prefix is in all.
 *
 * @param description with the adapter on every block
 * @throws {PlanError} `contradictory-settings` where the stages train nothing of the adapter, or something that its
 *   folder could not hold.
 */
export function neededAdapter(
  adapter: Adapter,
  description: ModelDescription,
  stages: readonly Pick<PlanStage, "tensors">[],
): NonNullable<Plan["adapter"]> {
  const trained = new Set(stages.flatMap(({ tensors }) => tensors));
  const adapters = new Set(description.adapter?.tensors);
  const others = new Set(
    adapter.kind === "lora" ? [...description.headTensors, ...description.normTensors] : [],
  );
  for (const name of trained) if (!adapters.has(name) && !others.has(name)) throw notInFolder(name);
  const blocks = description
    .stages({ kind: "all-logits" })
    .filter(({ name }) => description.blocks.includes(name));
  const first = blocks.findIndex(({ weights }) =>
    weights.some(({ tensor }) => adapters.has(tensor) && trained.has(tensor)),
  );
  if (first === -1) throw untrained();
  if (adapter.kind === "prefix") return { ...adapter };
  return { ...adapter, modules: [...adapter.modules], blocks: blocks.length - first };
}

function noAdapter(what: string, kind: string): PlanError {
  return new PlanError("contradictory-settings", {
    message: `The settings describe ${what} and ask for none.`,
    value: kind,
    expected: `--adapter ${kind} beside its settings`,
  });
}

function alreadyAdapted(): PlanError {
  return new PlanError("contradictory-settings", {
    message: "The base has a prefix in its adapter folder, which is no part of its digest.",
    expected: "a base without one",
    next: "Train from the base it was made from.",
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
    expected:
      "tensors of the adapter, and beside LoRA of the head and the norms: what a PEFT folder can hold as whole modules",
    next: "Use --train adapter, adapter:last:N, head or norms, or train without --adapter.",
  });
}
