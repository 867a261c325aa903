import type { WeightBinding } from "./description.js";
import type { GraphBuilder, Value } from "./graph.js";
import { layerNorm, linear, type Norm, rmsNorm } from "./layers.js";

/** A linear layer or norm of a network: a weight, and a bias where it has one. */
export interface Module {
  /** Its tensors' names without `.weight` and `.bias`; within a block, without the block's prefix. */
  readonly name: string;
  /** The weight as stored: [out, in], or [in, out] where `inputMajor`; [size] for a norm. */
  readonly shape: readonly number[];
  readonly bias: boolean;
  /** Stored as [in, out], as GPT-2's Conv1D is. */
  readonly inputMajor?: boolean;
  /** Old names of a norm's tensors: `.gamma` and `.beta`. */
  readonly oldNorm?: boolean;
}

/** The modules of one stage by the name their graph inputs start with, in the order of execution. */
export type Modules = ReadonlyMap<string, Module>;

/** Names and shapes of the modules' tensors. */
export function moduleTensors(modules: Modules, prefix = ""): [string, readonly number[]][] {
  return [...modules.values()].flatMap((module) => {
    const [weight, bias] = tensorNames(module, prefix);
    const stored: [string, readonly number[]] = [weight, module.shape];
    return module.bias ? [stored, [bias, biasShape(module)]] : [stored];
  });
}

/** Where the graph inputs of the modules come from. */
export function moduleBindings(modules: Modules, prefix = ""): WeightBinding[] {
  return [...modules].flatMap(([stem, module]) => {
    const [weight, bias] = tensorNames(module, prefix);
    const bound = { input: `${stem}_weight`, tensor: weight };
    return module.bias ? [bound, { input: `${stem}_bias`, tensor: bias }] : [bound];
  });
}

function tensorNames({ name, oldNorm }: Module, prefix: string): readonly [weight: string, bias: string] {
  return oldNorm === true
    ? [`${prefix}${name}.gamma`, `${prefix}${name}.beta`]
    : [`${prefix}${name}.weight`, `${prefix}${name}.bias`];
}

function biasShape({ shape, inputMajor }: Module): readonly number[] {
  return inputMajor === true ? shape.slice(1) : shape.slice(0, 1);
}

/** Applies modules in a graph, declaring their weights as plain inputs when first used. */
export class ModuleLayers {
  readonly #graph: GraphBuilder;
  readonly #modules: Modules;

  constructor(graph: GraphBuilder, modules: Modules) {
    this.#graph = graph;
    this.#modules = modules;
  }

  has(stem: string): boolean {
    return this.#modules.has(stem);
  }

  /** x W^T + b for x [rows, in]. */
  linear(stem: string, x: Value): Value {
    const { weight, bias, module } = this.#inputs(stem);
    return linear(this.#graph, x, weight, bias, module?.inputMajor === true ? "in-out" : "out-in");
  }

  /** The norm over the last axis; without learned parameters where the module is absent. */
  norm(stem: string, x: Value, norm: Norm, size: number): Value {
    if (!this.has(stem)) return layerNorm(this.#graph, x, ones(this.#graph, size), undefined, norm.epsilon);
    const { weight, bias } = this.#inputs(stem);
    return norm.kind === "rms"
      ? rmsNorm(this.#graph, x, weight, norm.epsilon)
      : layerNorm(this.#graph, x, weight, bias, norm.epsilon);
  }

  #inputs(stem: string): { weight: Value; bias: Value | undefined; module: Module | undefined } {
    const module = this.#modules.get(stem);
    const weight = this.#graph.input(`${stem}_weight`, module?.shape ?? []);
    const bias = module?.bias === true ? this.#graph.input(`${stem}_bias`, biasShape(module)) : undefined;
    return { weight, bias, module };
  }
}

function ones(graph: GraphBuilder, size: number): Value {
  return graph.op("Expand", [graph.scalar(1), graph.integers([size])]);
}
