import type { BlockShape } from "./block.js";
import type { ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";
import { linearSizes, lowRankTensors, type Module, type Modules } from "./modules.js";

/**
 * Low-rank adapters: W x becomes W x + (alpha / rank) B A x, with A [rank, in] and B [out, rank] trained in W's place.
 *
 * @see Hu et al. 2021 (arXiv 2106.09685)
 */
export interface LoraAdapter {
  readonly kind: "lora";
  readonly rank: number;
  readonly alpha: number;
  /** Linear layers of a block by their stems: `query`, `value`, `joint`, `up` ... */
  readonly modules: readonly string[];
  /** How many of the last blocks carry adapters; those below run the plain graph. */
  readonly blocks: number;
}

/** Trainable weights that are put beside a checkpoint's own. */
export type Adapter = LoraAdapter;

/** A linear layer with a low-rank path, and where its tensors are. */
export interface AdaptedModule {
  /** Name without `.weight`. */
  readonly name: string;
  readonly weight: string;
  readonly down: string;
  readonly up: string;
  readonly inputs: number;
  readonly outputs: number;
  /** W is stored as [in, out]. */
  readonly inputMajor: boolean;
}

/** What an adapted description says of its adapters. */
export interface AdapterLayout {
  readonly spec: Adapter;
  readonly modules: readonly AdaptedModule[];
  /** Every tensor of the adapters, lowest block first. */
  readonly tensors: readonly string[];
}

/**
 * The model with adapters: their tensors are among its tensors, and its last blocks read them.
 *
 * Guarantees:
 * - With B = 0 the logits are those of the plain model, bit for bit.
 * - Blocks without adapters keep their graph, so they share sessions with each other, and so do those with.
 *
 * @throws {ModelError} `unknown-adapter-module` for a stem that is no linear layer of the model's blocks.
 *
 * @example
 * const adapted = withAdapter(description, { kind: "lora", rank: 8, alpha: 16, modules: ["query"], blocks: 2 });
 */
export function withAdapter(description: ModelDescription, adapter: Adapter): ModelDescription {
  for (const stem of adapter.modules) {
    if (!description.linearStems.includes(stem)) throw unknownModule(description, stem);
  }
  return description.adapted(adapter);
}

/**
 * The layers that LoRA goes to unless told: queries and values, as in its paper, or the layer that makes both.
 *
 * @see Hu et al. 2021, section 4.2
 */
export function usualLoraModules({ linearStems }: ModelDescription): readonly string[] {
  return linearStems.includes("joint") ? ["joint"] : ["query", "value"];
}

/** An adapter for a person. */
export function adapterInWords({ rank, alpha, modules, blocks }: Adapter): string {
  const where = blocks === 1 ? "the last block" : `the last ${blocks} blocks`;
  return `LoRA of rank ${rank}, alpha ${alpha}, on ${modules.join(", ")} of ${where}`;
}

/** A block with the adapters that its layer carries, or as it is. */
export function adaptBlock(block: BlockShape, adapter: Adapter, layer: number, layers: number): BlockShape {
  return layer < layers - adapter.blocks
    ? block
    : { ...block, modules: adaptModules(block.modules, adapter) };
}

function adaptModules(modules: Modules, { modules: stems, rank, alpha }: Adapter): Modules {
  const lowRank = { rank, scale: alpha / rank };
  return new Map(
    [...modules].map(([stem, module]) => [stem, stems.includes(stem) ? { ...module, lowRank } : module]),
  );
}

/** The adapters of some blocks, given as their modules and their tensors' prefix. */
export function adapterLayout(
  spec: Adapter,
  blocks: readonly (readonly [modules: Modules, prefix: string])[],
): AdapterLayout {
  const modules = blocks.flatMap(([block, prefix]) =>
    [...block.values()].filter(({ lowRank }) => lowRank !== undefined).map((one) => adapted(one, prefix)),
  );
  return { spec, modules, tensors: modules.flatMap(({ down, up }) => [down, up]) };
}

function adapted(module: Module, prefix: string): AdaptedModule {
  const [down, up] = lowRankTensors(module, prefix);
  return {
    name: `${prefix}${module.name}`,
    weight: `${prefix}${module.name}.weight`,
    down,
    up,
    ...linearSizes(module),
    inputMajor: module.inputMajor === true,
  };
}

function unknownModule({ architecture, linearStems }: ModelDescription, stem: string): ModelError {
  return new ModelError("unknown-adapter-module", {
    message: `A block of this ${architecture} model has no linear layer "${stem}".`,
    value: stem,
    expected: `some of ${linearStems.join(", ")}`,
  });
}
