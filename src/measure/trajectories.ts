import { type DirectionEngine, type DirectionStream, perturbKept } from "../directions/index.js";
import { type Mask, rangeOfIndices, type TensorMask } from "../masks/index.js";
import type { ModelStage, WeightBinding } from "../model/description.js";
import type { Activations, StageRunner, WeightSource } from "../runtime/stage-runner.js";
import type { Tensor } from "../runtime/runtime.js";

/** What two trajectories through a model need. */
export interface TrajectoryContext {
  readonly engine: DirectionEngine;
  /** Canonical weights: read, never written. */
  readonly source: WeightSource;
  /** Tensors that are perturbed. */
  readonly trained: ReadonlySet<string>;
  readonly smoothing: number;
  /** Which weights of the perturbed tensors move; all of them where there is none. */
  readonly mask?: Mask | undefined;
  /** Most bytes of masked stages' own copies; 1 GiB unless told. */
  readonly copyLimit?: number | undefined;
}

const defaultCopyLimit = 2 ** 30;

/** Two perturbed arrays, and under a mask whose weights they are copies of. */
interface Scratch {
  readonly plus: Float32Array;
  readonly minus: Float32Array;
  owner?: string;
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
 * - Under a mask only kept weights are generated and written: the rest of a copy is made once. So a perturber is for one
 *   stage of the schedule, in which no other weight changes. Beyond `copyLimit`, model stages of one shape share their
 *   copies and fill them anew at each visit.
 */
export class Perturber {
  readonly #context: TrajectoryContext;
  readonly #scratch = new Map<string, Scratch>();
  #copiedBytes = 0;

  constructor(context: TrajectoryContext) {
    this.#context = context;
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
        perturbed.get(binding.input) ?? this.#context.source(binding);
    return { plus: source(plus), minus: source(minus) };
  }

  #perturbBinding(
    stage: ModelStage,
    binding: WeightBinding,
    stream: DirectionStream,
  ): { plus: Tensor<Float32Array>; minus: Tensor<Float32Array> } {
    const { data, dims } = this.#context.source(binding);
    const { mask } = this.#context;
    if (mask !== undefined) {
      const scratch = this.#copyFor(stage, binding.input, data);
      this.#perturbKept(data, binding, mask.get(binding.tensor) ?? nothingKept, stream, scratch);
      return { plus: { data: scratch.plus, dims }, minus: { data: scratch.minus, dims } };
    }
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

  /** The kept weights of a whole tensor, or of those rows of it that the binding reads. */
  #perturbKept(
    data: Float32Array,
    { rows }: WeightBinding,
    kept: TensorMask,
    stream: DirectionStream,
    { plus, minus }: Scratch,
  ): void {
    const { engine, smoothing } = this.#context;
    if (rows === undefined) {
      perturbKept(engine, data, kept, stream, smoothing, plus, minus);
      return;
    }
    const width = data.length / rows.length;
    rows.forEach((row, index) => {
      const range = rangeOfIndices(kept.indices, row * width, (row + 1) * width);
      // An index of the tensor, less this, is its place among the gathered rows.
      const offset = (row - index) * width;
      perturbKept(engine, data, kept, stream, smoothing, plus, minus, range, offset);
    });
  }

  /** Copies of a model stage's own weights, in which only kept weights are rewritten as long as nobody else has them. */
  #copyFor(stage: ModelStage, input: string, data: Float32Array): Scratch {
    const owner = `${stage.name}/${input}`;
    const own = this.#scratch.get(owner);
    if (own !== undefined) return own;
    const { copyLimit = defaultCopyLimit } = this.#context;
    if (this.#copiedBytes + 2 * data.byteLength <= copyLimit) {
      this.#copiedBytes += 2 * data.byteLength;
      const copy = { plus: data.slice(), minus: data.slice(), owner };
      this.#scratch.set(owner, copy);
      return copy;
    }
    const shared = this.#scratchFor(`${stage.program.key}/${input}`, data.length);
    if (shared.owner !== owner) {
      shared.plus.set(data);
      shared.minus.set(data);
      shared.owner = owner;
    }
    return shared;
  }

  #scratchFor(key: string, length: number): Scratch {
    let scratch = this.#scratch.get(key);
    if (scratch?.plus.length !== length) {
      scratch = { plus: new Float32Array(length), minus: new Float32Array(length) };
      this.#scratch.set(key, scratch);
    }
    return scratch;
  }
}

const nothingKept: TensorMask = { indices: new Uint32Array() };

/** The weights a model stage is run on: one source for each side that is walked. */
export type SideWeights = (stage: ModelStage) => readonly WeightSource[];

/**
 * Walks `stages` on one side or several, all micro-batches through a stage before the next stage.
 *
 * Memory: what `weights` holds of one stage, and the activations of all micro-batches at one boundary, once a side. So
 * directions are walked one after another: K of them need no more memory than one.
 *
 * @returns for each start, its activations on each side; on one, where there are no stages
 */
export async function walkSides(
  runner: StageRunner,
  weights: SideWeights,
  stages: readonly ModelStage[],
  starts: readonly Activations[],
): Promise<readonly (readonly Activations[])[]> {
  let sides: readonly (readonly Activations[])[] = starts.map((start) => [start]);
  for (const stage of stages) sides = await runOn(runner, stage, weights(stage), sides);
  return sides;
}

async function runOn(
  runner: StageRunner,
  stage: ModelStage,
  sources: readonly WeightSource[],
  starts: readonly (readonly Activations[])[],
): Promise<readonly (readonly Activations[])[]> {
  const results: Activations[][] = [];
  for (const before of starts) {
    const after: Activations[] = [];
    for (const [side, source] of sources.entries()) {
      // Below the first stage of the walk all sides are one.
      after.push(await runner.run(stage, source, before[side] ?? before[0] ?? {}));
    }
    results.push(after);
  }
  return results;
}
