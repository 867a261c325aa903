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
  /** A low-rank path beside a linear layer. */
  readonly lowRank?: LowRank;
}

/** A low-rank path: scale B A x is added, with A [rank, in] and B [out, rank]. */
export interface LowRank {
  readonly rank: number;
  readonly scale: number;
}

/** The modules of one stage by the name their graph inputs start with, in the order of execution. */
export type Modules = ReadonlyMap<string, Module>;

/** Names and shapes of the modules' tensors. */
export function moduleTensors(modules: Modules, prefix = ""): [string, readonly number[]][] {
  return [...modules.values()].flatMap((module) => {
    const [weight, bias] = tensorNames(module, prefix);
    const tensors: [string, readonly number[]][] = [[weight, module.shape]];
    if (module.bias) tensors.push([bias, biasShape(module)]);
    if (module.lowRank) {
      const [down, up] = lowRankTensors(module, prefix);
      const { inputs, outputs } = linearSizes(module);
      tensors.push([down, [module.lowRank.rank, inputs]], [up, [outputs, module.lowRank.rank]]);
    }
    return tensors;
  });
}

/** Where the graph inputs of the modules come from. */
export function moduleBindings(modules: Modules, prefix = ""): WeightBinding[] {
  return [...modules].flatMap(([stem, module]) => {
    const [weight, bias] = tensorNames(module, prefix);
    const bound = [{ input: `${stem}_weight`, tensor: weight }];
    if (module.bias) bound.push({ input: `${stem}_bias`, tensor: bias });
    if (module.lowRank) {
      const [down, up] = lowRankTensors(module, prefix);
      bound.push({ input: `${stem}_lora_a`, tensor: down }, { input: `${stem}_lora_b`, tensor: up });
    }
    return bound;
  });
}

/** Names of the gains and biases of the norms among the modules. */
export function normTensors(modules: Modules, prefix = ""): readonly string[] {
  return [...modules.values()].filter(isNorm).flatMap((module) => {
    const [weight, bias] = tensorNames(module, prefix);
    return module.bias ? [weight, bias] : [weight];
  });
}

/** Names of the modules' biases, those of norms included. */
export function biasTensors(modules: Modules, prefix = ""): readonly string[] {
  return [...modules.values()].filter(({ bias }) => bias).map((module) => tensorNames(module, prefix)[1]);
}

/** The names by which the linear layers among the modules are found. */
export function linearStems(modules: Modules): readonly string[] {
  return [...modules].filter(([, module]) => !isNorm(module)).map(([stem]) => stem);
}

function isNorm({ shape }: Module): boolean {
  return shape.length === 1;
}

/** Names of A and B of a low-rank path, as PEFT has them. */
export function lowRankTensors({ name }: Module, prefix = ""): readonly [down: string, up: string] {
  return [`${prefix}${name}.lora_A.weight`, `${prefix}${name}.lora_B.weight`];
}

/** Width of what a linear layer reads and of what it gives. */
export function linearSizes({ shape, inputMajor }: Module): { inputs: number; outputs: number } {
  const [first = 0, second = 0] = shape;
  return inputMajor === true ? { inputs: first, outputs: second } : { inputs: second, outputs: first };
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

  /** x W^T + b for x [rows, in], and the low-rank path's x A^T B^T scale where there is one. */
  linear(stem: string, x: Value): Value {
    const { weight, bias, module } = this.#inputs(stem);
    const y = linear(this.#graph, x, weight, bias, module?.inputMajor === true ? "in-out" : "out-in");
    return module?.lowRank === undefined ? y : this.#addLowRank(stem, module, module.lowRank, x, y);
  }

  #addLowRank(stem: string, module: Module, { rank, scale }: LowRank, x: Value, y: Value): Value {
    const { inputs, outputs } = linearSizes(module);
    const down = this.#graph.input(`${stem}_lora_a`, [rank, inputs]);
    const up = this.#graph.input(`${stem}_lora_b`, [outputs, rank]);
    const narrow = this.#graph.op("Gemm", [x, down], { transB: 1 });
    return this.#graph.op("Gemm", [narrow, up, y], { transB: 1, alpha: { float: scale } });
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
