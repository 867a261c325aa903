import type { DirectionEngine, DirectionStream } from "../directions/index.js";
import type { ModelDescription, ModelStage } from "../model/description.js";
import { keptTensors, type Mask } from "../masks/index.js";
import { firstTrained } from "../model/selection.js";
import type { StageRunner } from "../runtime/stage-runner.js";
import type { Example, Judgement, Reading } from "../tasks/index.js";
import { openWalker } from "./open-walker.js";
import { FrozenPrefix, type PrefixContext, type PrefixProgress } from "./prefix.js";
import { textsOf, type Unit, unitLoss, unitsOf } from "./units.js";
import type { Pass, Walker } from "./walker.js";

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
  /**
   * Told how far the frozen stages are, to the end, wherever keeping them is worth while by what is public: whether they
   * fit, or are there already, or whether there is any record at all, it does not tell.
   */
  readonly onProgress?: PrefixProgress;
}

/**
 * The private side of a step: directional differences of the loss, one vector of K numbers a unit.
 *
 * The result is private. It may go to the mechanism and nowhere else.
 *
 * Guarantees:
 * - A unit's vector is a function of its records, the weights and the directions alone, bit for bit: not of other units,
 *   of its place, of what is kept of the frozen stages, or of how many cores measure.
 */
export class Measurer {
  readonly #options: MeasureOptions;
  readonly #units: readonly Unit[];
  readonly #prefix: FrozenPrefix;
  readonly #walker: Walker;

  private constructor(options: MeasureOptions, prefix: FrozenPrefix, walker: Walker) {
    this.#options = options;
    this.#units = unitsOf(options.examples, options.units);
    this.#prefix = prefix;
    this.#walker = walker;
  }

  /** Prepares the frozen stages: once a record when that is cheaper and fits in memory. */
  static async create(options: MeasureOptions): Promise<Measurer> {
    const trained = movedTensors(options);
    const frozen = firstTrained(options.modelStages, new Set(trained));
    const { description, modelStages: stages, weights, task, runner, engine } = options;
    const walker = openWalker(
      {
        tensors: description.tensors,
        weights,
        stages,
        frozen,
        reading: task.reading,
        perturbation: { ...options, trained },
      },
      runner,
      engine,
    );
    try {
      const prefix = options.previous?.keptPrefix(frozen) ?? (await preparePrefix(options, frozen, walker));
      if (isWorthKeeping(options, frozen)) options.onProgress?.(1, 1);
      return new Measurer(options, prefix, walker);
    } catch (error) {
      await walker.release();
      throw error;
    }
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

  /** Frees what measuring holds. What was kept of the frozen stages can still be used by the next measurer. */
  release(): Promise<void> {
    return this.#walker.release();
  }

  /**
   * D_k(x) for each unit x of the batch, in its order, and direction k: [l(theta + phi z_k; x) - l(theta - phi z_k; x)] /
   * (2 phi), or [l(theta + phi z_k; x) - l(theta; x)] / phi one-sided. The loss of a unit is the mean over its records.
   *
   * Losses and their difference are float64. An empty batch gives an empty list by the same path.
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
    const members = ready.flatMap((prefixBatch) => prefixBatch.members);
    const isOneSided = estimator === "one-sided";
    const passes = this.#passes(streams, directions, isOneSided);
    const readings = await this.#walker.readings(ready, passes);
    const losses = readings.map((sides) => sides.map((side) => this.#losses(units, members, side)));
    const [[middle = []] = []] = isOneSided ? losses : [];
    const directional = isOneSided ? losses.slice(1) : losses;
    return units.map((_, unit) =>
      Float64Array.from(directional, ([plus = [], minus = []]) => {
        const high = plus[unit] ?? Number.NaN;
        const low = (isOneSided ? middle[unit] : minus[unit]) ?? Number.NaN;
        return isOneSided ? (high - low) / smoothing : (high - low) / (2 * smoothing);
      }),
    );
  }

  /** One-sided, the unperturbed weights come first. */
  #passes(
    streams: (tensor: string) => readonly DirectionStream[],
    directions: number,
    isOneSided: boolean,
  ): readonly Pass[] {
    const trained = movedTensors(this.#options);
    const passes = Array.from({ length: directions }, (_, k): Pass => ({
      streams: new Map(trained.map((tensor) => [tensor, at(streams(tensor), k)])),
      sides: isOneSided ? 1 : 2,
    }));
    return isOneSided ? [{ sides: 1 }, ...passes] : passes;
  }

  /** The loss of each unit, of the readings of all texts. */
  #losses(units: readonly Unit[], members: readonly number[], side: readonly Reading[]): readonly number[] {
    const readings = new Map(members.map((text, index) => [text, side[index] ?? []]));
    return units.map((unit) => unitLoss(unit, readings, this.#options.task.loss));
  }
}

/** The tensors of which anything moves. */
function movedTensors({ tensors, mask }: MeasureOptions): readonly string[] {
  return mask === undefined ? tensors : keptTensors(mask);
}

/** Keeps the frozen stages' results when records come up often enough and they fit, by how often (public) and how long they are. */
async function preparePrefix(options: MeasureOptions, frozen: number, walker: Walker): Promise<FrozenPrefix> {
  const { description, modelStages, examples, maximumTokens } = options;
  const context: PrefixContext = {
    description,
    walker,
    stages: modelStages,
    frozen,
    texts: examples.flatMap(({ texts }) => texts),
    maximumTokens,
  };
  if (!isWorthKeeping(options, frozen)) return FrozenPrefix.direct(context);
  const fits = FrozenPrefix.bytesToKeep(context) <= (options.keepLimit ?? defaultKeepLimit);
  return fits ? FrozenPrefix.keeping(context, options.onProgress) : FrozenPrefix.direct(context);
}

/** Whether frozen stages are kept if they fit; a function of public values. */
function isWorthKeeping({ expectedVisits }: MeasureOptions, frozen: number): boolean {
  return frozen > 0 && expectedVisits >= 1;
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return value;
}
