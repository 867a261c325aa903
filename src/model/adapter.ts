import type {
  AdaptedModule,
  Adapter,
  AdapterLayout,
  LoraAdapter,
  PrefixAdapter,
  PrefixLayout,
} from "./adapter-layout.js";
import { type BlockShape, virtualTensors } from "./block.js";
import type { ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";
import { linearSizes, lowRankTensors, type Module, type Modules } from "./modules.js";

export type {
  AdaptedModule,
  Adapter,
  AdapterLayout,
  LoraAdapter,
  LoraLayout,
  PrefixAdapter,
  PrefixLayout,
} from "./adapter-layout.js";

/**
 * The model with adapters: their tensors are among its tensors, and its last blocks read them.
 *
 * Guarantees:
 * - With LoRA's B = 0 the logits are those of the plain model, bit for bit.
 * - Blocks without adapters keep their graph, so they share sessions with each other, and so do those with.
 *
 * @throws {ModelError} `unknown-adapter-module` for a stem that is no linear layer of the model's blocks.
 *
 * @example
 * const adapted = withAdapter(description, { kind: "lora", rank: 8, alpha: 16, modules: ["query"], blocks: 2 });
 */
export function withAdapter(description: ModelDescription, adapter: Adapter): ModelDescription {
  for (const stem of adapter.kind === "lora" ? adapter.modules : []) {
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
export function adapterInWords(adapter: Adapter): string {
  if (adapter.kind === "prefix") return `prefix tuning with ${adapter.length} virtual tokens in every block`;
  const { rank, alpha, modules, blocks } = adapter;
  const where = blocks === 1 ? "the last block" : `the last ${blocks} blocks`;
  return `LoRA of rank ${rank}, alpha ${alpha}, on ${modules.join(", ")} of ${where}`;
}

/** A block with the adapters that its layer carries, or as it is. */
export function adaptBlock(block: BlockShape, adapter: Adapter, layer: number, layers: number): BlockShape {
  if (adapter.kind === "prefix") return { ...block, virtualTokens: adapter.length };
  return layer < layers - adapter.blocks
    ? block
    : { ...block, modules: adaptModules(block.modules, adapter) };
}

function adaptModules(modules: Modules, { modules: stems, rank, alpha }: LoraAdapter): Modules {
  const lowRank = { rank, scale: alpha / rank };
  return new Map(
    [...modules].map(([stem, module]) => [stem, stems.includes(stem) ? { ...module, lowRank } : module]),
  );
}

/** The adapters of some adapted blocks, given with their tensors' prefix. */
export function adapterLayout(
  spec: Adapter,
  blocks: readonly (readonly [block: BlockShape, prefix: string])[],
): AdapterLayout {
  if (spec.kind === "prefix") return prefixLayout(spec, blocks);
  const modules = blocks.flatMap(([block, prefix]) =>
    [...block.modules.values()]
      .filter(({ lowRank }) => lowRank !== undefined)
      .map((one) => adapted(one, prefix)),
  );
  return { spec, modules, tensors: modules.flatMap(({ down, up }) => [down, up]) };
}

function prefixLayout(
  spec: PrefixAdapter,
  blocks: readonly (readonly [block: BlockShape, prefix: string])[],
): PrefixLayout {
  const [{ keyValueHeads: heads, headSize } = { keyValueHeads: 0, headSize: 0 }] = blocks[0] ?? [];
  return { spec, heads, headSize, tensors: blocks.flatMap(([, prefix]) => virtualTensors(prefix)) };
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
