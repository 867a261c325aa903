import type { DirectionEngine, DirectionStream } from "../directions/index.js";
import type { ModelDescription, ModelStage } from "../model/description.js";
import { keptTensors, type Mask } from "../masks/index.js";
import { type Activations, type StageRunner, weightSource } from "../runtime/stage-runner.js";
import { type Example, labelLoss } from "../tasks/index.js";
import { FrozenPrefix, type PrefixBatch, type PrefixContext, type PrefixProgress } from "./prefix.js";
import { Perturber, type SideWeights, walkSides } from "./trajectories.js";

/** Above this many bytes, frozen stages are evaluated again for every batch instead of being kept. */
const defaultKeepLimit = 3 * 2 ** 30;

/** What is measured: a model, a stage of the schedule, and the private examples. */
export interface MeasureOptions {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly engine: DirectionEngine;
  /** Canonical weights; read only. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Stages of the label-word objective. */
  readonly modelStages: readonly ModelStage[];
  /** Tensors trained in this stage of the schedule. */
  readonly tensors: readonly string[];
  /** Which of their weights move; all of them where there is none. */
  readonly mask?: Mask | undefined;
  /** phi. */
  readonly smoothing: number;
  /** `one-sided`: differences are taken to the loss of the unperturbed weights, which is evaluated once a step. */
  readonly estimator?: "one-sided" | undefined;
  readonly examples: readonly Example[];
  readonly maximumTokens: number;
  /** Mean number of times a record will be sampled in this stage; public. */
  readonly expectedVisits: number;
  /** Most bytes of activations to keep. */
  readonly keepLimit?: number;
  /** The measurer of the schedule's stage before: what it kept is used again where that is still true. */
  readonly previous?: Measurer | undefined;
  readonly onProgress?: PrefixProgress;
}

/**
 * The private side of a step: directional differences of the loss, one vector of K numbers a record.
 *
 * The result is private. It may go to the mechanism and nowhere else.
 */
export class Measurer {
  readonly #options: MeasureOptions;
  readonly #prefix: FrozenPrefix;
  readonly #perturber: Perturber;
  readonly #trainedStages: readonly ModelStage[];

  private constructor(options: MeasureOptions, prefix: FrozenPrefix, frozen: number) {
    this.#options = options;
    this.#prefix = prefix;
    this.#trainedStages = options.modelStages.slice(frozen);
    this.#perturber = new Perturber({ ...options, trained: new Set(movedTensors(options)) });
  }

  /** Prepares the frozen stages: once a record when that is cheaper and fits in memory. */
  static async create(options: MeasureOptions): Promise<Measurer> {
    const trained = new Set(movedTensors(options));
    const first = options.modelStages.findIndex(({ weights }) =>
      weights.some(({ tensor }) => trained.has(tensor)),
    );
    const frozen = first === -1 ? options.modelStages.length : first;
    const prefix = options.previous?.keptPrefix(frozen) ?? (await preparePrefix(options, frozen));
    return new Measurer(options, prefix, frozen);
  }

  /** The mask whose weights it perturbs. */
  get mask(): Mask | undefined {
    return this.#options.mask;
  }

  /**
   * What this stage kept, if exactly `frozen` stages are frozen now as well: nothing below has changed since.
   */
  keptPrefix(frozen: number): FrozenPrefix | undefined {
    return this.#prefix.isKept && this.#prefix.frozen === frozen ? this.#prefix : undefined;
  }

  /**
   * D_k(x) for each record x of the batch and direction k: [l(theta + phi z_k; x) - l(theta - phi z_k; x)] / (2 phi), or
   * [l(theta + phi z_k; x) - l(theta; x)] / phi one-sided.
   *
   * Losses and their difference are float64. An empty batch gives an empty list by the same path. One direction is walked
   * at a time, so memory does not grow with their number.
   *
   * @see methods.md, section 1, common notation; 4, "one-sided"
   */
  async differences(
    batch: Iterable<number>,
    streams: (tensor: string) => readonly DirectionStream[],
    directions: number,
  ): Promise<readonly Float64Array[]> {
    const { smoothing, estimator } = this.#options;
    const ready = await this.#prefix.run(batch);
    const rows = new Map(
      ready.flatMap(({ members }) =>
        members.map((member) => [member, new Float64Array(directions)] as const),
      ),
    );
    const isOneSided = estimator === "one-sided";
    const middle = isOneSided ? await this.#losses(ready, this.#canonical()) : undefined;
    for (let k = 0; k < directions; k += 1) {
      const stream = (tensor: string): DirectionStream => at(streams(tensor), k);
      const sides = await this.#losses(ready, this.#perturbed(stream, isOneSided));
      for (const [member, vector] of rows) {
        const [plus = Number.NaN, minus = Number.NaN] = sides.get(member) ?? [];
        const [centre = Number.NaN] = middle?.get(member) ?? [];
        vector[k] = isOneSided ? (plus - centre) / smoothing : (plus - minus) / (2 * smoothing);
      }
    }
    return [...rows.values()];
  }

  #canonical(): SideWeights {
    const source = weightSource(this.#options.description, this.#options.weights);
    return () => [source];
  }

  #perturbed(stream: (tensor: string) => DirectionStream, isOneSided: boolean): SideWeights {
    return (stage) => {
      const { plus, minus } = this.#perturber.perturb(stage, stream);
      return isOneSided ? [plus] : [plus, minus];
    };
  }

  /** Each member's loss on each side. */
  async #losses(
    ready: readonly PrefixBatch[],
    weights: SideWeights,
  ): Promise<ReadonlyMap<number, readonly number[]>> {
    const { runner, examples } = this.#options;
    const starts = ready.map(({ activations }) => activations);
    const ends = await walkSides(runner, weights, this.#trainedStages, starts);
    const losses = new Map<number, readonly number[]>();
    ready.forEach(({ members }, index) => {
      const sides = at(ends, index);
      members.forEach((member, row) => {
        const label = examples[member]?.label ?? 0;
        losses.set(
          member,
          sides.map((side) => rowLoss(side, row, label)),
        );
      });
    });
    return losses;
  }
}

/** The tensors of which anything moves. */
function movedTensors({ tensors, mask }: MeasureOptions): readonly string[] {
  return mask === undefined ? tensors : keptTensors(mask);
}

/** Keeps the frozen stages' results when records come up often enough and they fit, by how often (public) and how long they are. */
async function preparePrefix(options: MeasureOptions, frozen: number): Promise<FrozenPrefix> {
  const { description, runner, modelStages, examples, maximumTokens } = options;
  const weights = weightSource(description, options.weights);
  const context: PrefixContext = {
    description,
    runner,
    weights,
    stages: modelStages,
    frozen,
    examples,
    maximumTokens,
  };
  const fits = FrozenPrefix.bytesToKeep(context) <= (options.keepLimit ?? defaultKeepLimit);
  const keep = frozen > 0 && options.expectedVisits >= 1 && fits;
  return keep ? FrozenPrefix.keeping(context, options.onProgress) : FrozenPrefix.direct(context);
}

/** The loss of one row of label-word logits. */
function rowLoss(activations: Activations, row: number, label: number): number {
  const logits = activations["logits"];
  if (!(logits?.data instanceof Float32Array)) return Number.NaN;
  const words = logits.dims[1] ?? 0;
  return labelLoss(logits.data.subarray(row * words, (row + 1) * words), label);
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return value;
}
