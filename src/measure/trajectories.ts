import type { DirectionEngine, DirectionStream } from "../directions/index.js";
import type { ModelDescription, ModelStage, WeightBinding } from "../model/description.js";
import {
  type Activations,
  type StageRunner,
  type WeightSource,
  weightSource,
} from "../runtime/stage-runner.js";
import type { Tensor } from "../runtime/runtime.js";

/** The activations of one micro-batch on the two sides of a direction. */
export interface Sides {
  readonly plus: Activations;
  readonly minus: Activations;
}

/** What two trajectories through a model need. */
export interface TrajectoryContext {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly engine: DirectionEngine;
  /** Canonical weights: read, never written. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Tensors that are perturbed. */
  readonly trained: ReadonlySet<string>;
  readonly smoothing: number;
}

/** Weights of one stage at theta + phi z and theta - phi z; the arrays are scratch, valid until the next call. */
export interface PerturbedStage {
  readonly plus: WeightSource;
  readonly minus: WeightSource;
}

/**
 * Makes perturbed copies of a stage's weights, on scratch memory that stages of one shape share.
 *
 * Guarantees:
 * - Canonical weights are only read, so there is no drift however often they are perturbed.
 * - A tied tensor gets the same direction wherever it is read, whole or by rows.
 */
export class Perturber {
  readonly #context: TrajectoryContext;
  readonly #canonical: WeightSource;
  readonly #scratch = new Map<string, { plus: Float32Array; minus: Float32Array }>();

  constructor(context: TrajectoryContext) {
    this.#context = context;
    this.#canonical = weightSource(context.description, context.weights);
  }

  /** Perturbs every trained tensor of `stage` along its stream. */
  perturb(stage: ModelStage, stream: (tensor: string) => DirectionStream): PerturbedStage {
    const plus = new Map<string, Tensor<Float32Array>>();
    const minus = new Map<string, Tensor<Float32Array>>();
    for (const binding of stage.weights) {
      if (!this.#context.trained.has(binding.tensor)) continue;
      const sides = this.#perturbBinding(stage, binding, stream(binding.tensor));
      plus.set(binding.input, sides.plus);
      minus.set(binding.input, sides.minus);
    }
    const source =
      (perturbed: ReadonlyMap<string, Tensor<Float32Array>>): WeightSource =>
      (binding) =>
        perturbed.get(binding.input) ?? this.#canonical(binding);
    return { plus: source(plus), minus: source(minus) };
  }

  #perturbBinding(
    stage: ModelStage,
    binding: WeightBinding,
    stream: DirectionStream,
  ): { plus: Tensor<Float32Array>; minus: Tensor<Float32Array> } {
    const { data, dims } = this.#canonical(binding);
    const scratch = this.#scratchFor(`${stage.program.key}/${binding.input}`, data.length);
    if (binding.rows === undefined) {
      this.#context.engine.perturb(data, stream, this.#context.smoothing, scratch.plus, scratch.minus);
    } else {
      this.#perturbRows(data, binding.rows, stream, scratch);
    }
    return { plus: { data: scratch.plus, dims }, minus: { data: scratch.minus, dims } };
  }

  /** The rows of a large tensor: random access into its direction, same arithmetic as the whole. */
  #perturbRows(
    gathered: Float32Array,
    rows: readonly number[],
    stream: DirectionStream,
    { plus, minus }: { plus: Float32Array; minus: Float32Array },
  ): void {
    const width = gathered.length / rows.length;
    const direction = new Float32Array(width);
    rows.forEach((row, index) => {
      this.#context.engine.fill(stream, direction, row * width);
      for (let column = 0; column < width; column += 1) {
        const at = index * width + column;
        const shift = Math.fround(Math.fround(this.#context.smoothing) * (direction[column] ?? 0));
        plus[at] = (gathered[at] ?? 0) + shift;
        minus[at] = (gathered[at] ?? 0) - shift;
      }
    });
  }

  #scratchFor(key: string, length: number): { plus: Float32Array; minus: Float32Array } {
    let scratch = this.#scratch.get(key);
    if (scratch?.plus.length !== length) {
      scratch = { plus: new Float32Array(length), minus: new Float32Array(length) };
      this.#scratch.set(key, scratch);
    }
    return scratch;
  }
}

/**
 * Walks `stages` on both sides of one direction, all micro-batches through a stage before the next stage.
 *
 * Memory: the scratch of one stage, and the activations of all micro-batches at one boundary.
 */
export async function walkBothSides(
  runner: StageRunner,
  perturber: Perturber,
  stages: readonly ModelStage[],
  stream: (tensor: string) => DirectionStream,
  starts: readonly Activations[],
): Promise<readonly Sides[]> {
  let sides: readonly Sides[] = starts.map((start) => ({ plus: start, minus: start }));
  for (const stage of stages) {
    const perturbed = perturber.perturb(stage, stream);
    const next: Sides[] = [];
    for (const { plus, minus } of sides) {
      next.push({
        plus: await runner.run(stage, perturbed.plus, plus),
        minus: await runner.run(stage, perturbed.minus, minus),
      });
    }
    sides = next;
  }
  return sides;
}
