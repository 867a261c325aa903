import type { DirectionEngine, DirectionStream } from "../directions/index.js";
import type { ModelDescription, ModelStage } from "../model/description.js";
import { keptTensors, type Mask } from "../masks/index.js";
import { firstTrained } from "../model/selection.js";
import { type StageRunner, weightSource } from "../runtime/stage-runner.js";
import type { Example, ExampleText, Judgement, Reading } from "../tasks/index.js";
import { FrozenPrefix, type PrefixBatch, type PrefixContext, type PrefixProgress } from "./prefix.js";
import { batchReadings } from "./readings.js";
import { Perturber, type SideWeights, walkSides } from "./trajectories.js";
import { textsOf, type Unit, unitLoss, unitsOf } from "./units.js";

/** Above this many bytes, frozen stages are evaluated again for every batch instead of being kept. */
const defaultKeepLimit = 3 * 2 ** 30;

/** What is measured: a model, a stage of the schedule, and the private examples. */
export interface MeasureOptions {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly engine: DirectionEngine;
  /** Canonical weights; read only. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Stages of the task's objective. */
  readonly modelStages: readonly ModelStage[];
  /** Tensors trained in this stage of the schedule. */
  readonly tensors: readonly string[];
  /** Which of their weights move; all of them where there is none. */
  readonly mask?: Mask | undefined;
  /** phi. */
  readonly smoothing: number;
  /** `one-sided`: differences are taken to the loss of the unperturbed weights, which is evaluated once a step. */
  readonly estimator?: "one-sided" | undefined;
  /** How a record's loss follows from what the model gives for its texts. */
  readonly task: Pick<Judgement, "reading" | "loss">;
  readonly examples: readonly Example[];
  /** The records of each privacy unit, as indices into `examples`; each record is its own where there is none. */
  readonly units?: readonly (readonly number[])[] | undefined;
  readonly maximumTokens: number;
  /** Mean number of times a unit will be sampled in this stage; public. */
  readonly expectedVisits: number;
  /** Most bytes of activations to keep. */
  readonly keepLimit?: number;
  /** The measurer of the schedule's stage before: what it kept is used again where that is still true. */
  readonly previous?: Measurer | undefined;
  readonly onProgress?: PrefixProgress;
}

/**
 * The private side of a step: directional differences of the loss, one vector of K numbers a unit.
 *
 * The result is private. It may go to the mechanism and nowhere else.
 */
export class Measurer {
  readonly #options: MeasureOptions;
  readonly #texts: readonly ExampleText[];
  readonly #units: readonly Unit[];
  readonly #prefix: FrozenPrefix;
  readonly #perturber: Perturber;
  readonly #trainedStages: readonly ModelStage[];

  private constructor(options: MeasureOptions, prefix: FrozenPrefix, frozen: number) {
    this.#options = options;
    this.#texts = options.examples.flatMap(({ texts }) => texts);
    this.#units = unitsOf(options.examples, options.units);
    this.#prefix = prefix;
    this.#trainedStages = options.modelStages.slice(frozen);
    this.#perturber = new Perturber({ ...options, trained: new Set(movedTensors(options)) });
  }

  /** Prepares the frozen stages: once a record when that is cheaper and fits in memory. */
  static async create(options: MeasureOptions): Promise<Measurer> {
    const frozen = firstTrained(options.modelStages, new Set(movedTensors(options)));
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
   * D_k(x) for each unit x of the batch, in its order, and direction k: [l(theta + phi z_k; x) - l(theta - phi z_k; x)] /
   * (2 phi), or [l(theta + phi z_k; x) - l(theta; x)] / phi one-sided. The loss of a unit is the mean over its records.
   *
   * Losses and their difference are float64. An empty batch gives an empty list by the same path. One direction is walked
   * at a time, so memory does not grow with their number.
   *
   * @param batch indices of units: of records, where each is its own
   * @see methods.md, section 1, common notation; 4, "one-sided"
   */
  async differences(
    batch: Iterable<number>,
    streams: (tensor: string) => readonly DirectionStream[],
    directions: number,
  ): Promise<readonly Float64Array[]> {
    const { smoothing, estimator } = this.#options;
    const units = Array.from(batch, (unit) => at(this.#units, unit));
    const ready = await this.#prefix.run(textsOf(units));
    const vectors = units.map(() => new Float64Array(directions));
    const isOneSided = estimator === "one-sided";
    const [middle = []] = isOneSided ? await this.#losses(units, ready, this.#canonical()) : [];
    for (let k = 0; k < directions; k += 1) {
      const stream = (tensor: string): DirectionStream => at(streams(tensor), k);
      const [plus = [], minus = []] = await this.#losses(units, ready, this.#perturbed(stream, isOneSided));
      vectors.forEach((vector, unit) => {
        const high = plus[unit] ?? Number.NaN;
        const low = (isOneSided ? middle[unit] : minus[unit]) ?? Number.NaN;
        vector[k] = isOneSided ? (high - low) / smoothing : (high - low) / (2 * smoothing);
      });
    }
    return vectors;
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

  /** On each side, the loss of each unit. */
  async #losses(
    units: readonly Unit[],
    ready: readonly PrefixBatch[],
    weights: SideWeights,
  ): Promise<readonly (readonly number[])[]> {
    const { runner, task } = this.#options;
    const ends = await walkSides(
      runner,
      weights,
      this.#trainedStages,
      ready.map(({ activations }) => activations),
      (activations, index) => batchReadings(activations, at(ready, index).members, this.#texts, task.reading),
    );
    const sides = Math.max(1, ...ends.map(({ length }) => length));
    return Array.from({ length: sides }, (_, side) => {
      const readings = new Map<number, Reading>();
      ready.forEach(({ members }, index) => {
        members.forEach((text, row) => readings.set(text, ends[index]?.[side]?.[row] ?? []));
      });
      return units.map((unit) => unitLoss(unit, readings, task.loss));
    });
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
    texts: examples.flatMap(({ texts }) => texts),
    maximumTokens,
  };
  const fits = FrozenPrefix.bytesToKeep(context) <= (options.keepLimit ?? defaultKeepLimit);
  const keep = frozen > 0 && options.expectedVisits >= 1 && fits;
  return keep ? FrozenPrefix.keeping(context, options.onProgress) : FrozenPrefix.direct(context);
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return value;
}
