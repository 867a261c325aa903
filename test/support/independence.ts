/** How many bits of one record's differences depend on what else is measured, where, and by how many threads. */
import { createDirectionEngine, type DirectionStream } from "../../src/directions/index.js";
import { Measurer } from "../../src/measure/measure.js";
import type { ModelDescription } from "../../src/model/description.js";
import { describeModel } from "../../src/model/registry.js";
import { selectTensors } from "../../src/model/selection.js";
import type { InferenceRuntime } from "../../src/runtime/runtime.js";
import { StageRunner } from "../../src/runtime/stage-runner.js";
import { type Example, type Judgement, labelWordJudgement, optionJudgement } from "../../src/tasks/index.js";
import { differingBits } from "./differing-bits.js";
import { type Mode, modesOf, poolLengths } from "./independence-modes.js";
import { exampleOf, permutation } from "./random-examples.js";
import { randomWeights } from "./random-weights.js";
import { seededNumbers } from "./tiny-model.js";
import { wideConfig, type WideShape } from "./wide-model.js";

/** What is measured of one shape. */
export interface IndependenceOptions {
  readonly shape: WideShape;
  readonly threads: readonly number[];
  readonly runtime: (threads: number) => InferenceRuntime;
  /** Numbers of label words that modes take turns with. */
  readonly words: readonly number[];
  readonly directions: number;
  /** Shares of the whole suite's batches; 1 is all. */
  readonly scale: number;
  readonly onProgress?: (threads: number) => void;
}

/** Vectors that were compared, and what differed. */
export interface IndependenceCount {
  /** A vector is one record's differences among others, or alone by another number of threads. */
  vectors: number;
  /** Vectors of zeros alone: they say little, so there should be few. */
  zeros: number;
  amongVectors: number;
  amongBits: number;
  threadVectors: number;
  threadBits: number;
}

/** Every how many of the pool's records are measured alone by each number of threads, whether or not anything differs. */
const aloneEvery = 6;
const engine = createDirectionEngine();
const runSeed = new Uint8Array(32).fill(9);

/**
 * Measures records alone with one thread, and then among others: other batch sizes, places, files, prefixes and threads.
 *
 * Differences are taken at phi 1e-7, where any flipped bit of a logit moves them by its own size times 5e6.
 */
export async function countDependence(options: IndependenceOptions): Promise<IndependenceCount> {
  const bench = new Bench(options);
  const total: IndependenceCount = {
    vectors: 0,
    zeros: 0,
    amongVectors: 0,
    amongBits: 0,
    threadVectors: 0,
    threadBits: 0,
  };
  for (const [round, threads] of options.threads.entries()) {
    for (const mode of modesOf(options.shape.kind, options.scale, round))
      await bench.compare(mode, threads, round, total);
    await bench.release(threads);
    options.onProgress?.(threads);
  }
  await bench.release(referenceThreads);
  return total;
}

const referenceThreads = 1;

/** One shape's model and pool of records, and what each gives alone. */
class Bench {
  readonly #options: IndependenceOptions;
  readonly #description: ModelDescription;
  readonly #weights: ReadonlyMap<string, Float32Array>;
  readonly #alone = new Map<string, Float64Array>();
  readonly #runners = new Map<number, StageRunner>();
  readonly #next = seededNumbers(77);

  constructor(options: IndependenceOptions) {
    this.#options = options;
    this.#description = describeModel(wideConfig(options.shape));
    this.#weights = randomWeights(this.#description, 5);
  }

  async compare(mode: Mode, threads: number, round: number, total: IndependenceCount): Promise<void> {
    const judgement = this.#judgement(mode);
    const pool = poolLengths.map((_, member) => this.#example(mode, member));
    const members = Array.from({ length: Math.max(mode.file, ...mode.batches) }, () =>
      this.#below(pool.length),
    );
    const file = members.flatMap((member) => pool[member] ?? []);
    const measurer = await this.#measurer(mode, judgement, threads, file);
    for (const size of mode.batches) {
      const batch = permutation(file.length, this.#next).slice(0, size);
      const vectors = await measurer.differences(
        batch,
        streams(this.#options.directions),
        this.#options.directions,
      );
      for (const [row, place] of batch.entries()) {
        // A vector that is not there differs in every bit.
        await this.#count(mode, threads, members[place] ?? -1, vectors[row] ?? new Float64Array(), total);
      }
    }
    for (let member = round % aloneEvery; member < pool.length; member += aloneEvery) {
      if (threads !== referenceThreads) {
        await this.#count(mode, threads, member, await this.#aloneBy(mode, threads, member), total);
      }
    }
  }

  async release(threads: number): Promise<void> {
    await this.#runners.get(threads)?.release();
    this.#runners.delete(threads);
  }

  /** Compares with the record alone by one thread; where that differs, by the same threads as well, to tell which it was. */
  async #count(
    mode: Mode,
    threads: number,
    member: number,
    vector: Float64Array,
    total: IndependenceCount,
  ): Promise<void> {
    const reference = await this.#aloneBy(mode, referenceThreads, member);
    total.vectors += 1;
    if (reference.every((value) => value === 0)) total.zeros += 1;
    if (differingBits(vector, reference) === 0) return;
    const alone = await this.#aloneBy(mode, threads, member);
    const [among, between] = [differingBits(vector, alone), differingBits(alone, reference)];
    total.amongBits += among;
    total.amongVectors += Math.sign(among);
    total.threadBits += between;
    total.threadVectors += Math.sign(between);
  }

  /** The record by itself in a file of its own, nothing kept. */
  async #aloneBy(mode: Mode, threads: number, member: number): Promise<Float64Array> {
    const key = [mode.task, mode.select, threads, member].join("/");
    const known = this.#alone.get(key);
    if (known !== undefined) return known;
    const example = this.#example(mode, member);
    const measurer = await this.#measurer({ ...mode, keeps: false }, this.#judgement(mode), threads, [
      example,
    ]);
    const { directions } = this.#options;
    const [vector = new Float64Array()] = await measurer.differences([0], streams(directions), directions);
    this.#alone.set(key, vector.slice());
    return vector;
  }

  #measurer(
    { select, keeps }: Mode,
    task: Judgement,
    threads: number,
    examples: readonly Example[],
  ): Promise<Measurer> {
    return Measurer.create({
      description: this.#description,
      runner: this.#runner(threads),
      engine,
      weights: this.#weights,
      modelStages: this.#description.stages(task.objective),
      tensors: selectTensors(this.#description, select),
      smoothing: 1e-7,
      task,
      examples,
      maximumTokens: this.#options.shape.positions,
      expectedVisits: keeps ? 9 : 0,
    });
  }

  #runner(threads: number): StageRunner {
    const runner = this.#runners.get(threads) ?? new StageRunner(this.#options.runtime(threads));
    this.#runners.set(threads, runner);
    return runner;
  }

  /** What is trained decides about the number of label words, so that a reference holds for all modes it is used in. */
  #judgement({ task, select }: Mode): Judgement {
    if (task === "options") return optionJudgement;
    const { words } = this.#options;
    const count = words[["all", "last:1", "head"].indexOf(select) % words.length] ?? 2;
    return labelWordJudgement(Array.from({ length: count }, (_, word) => 3 + 5 * word));
  }

  #example({ task }: Mode, member: number): Example {
    const { positions, vocabulary } = this.#options.shape;
    const tokens = poolLengths[member] === 0 ? positions : (poolLengths[member] ?? 1);
    const bounds = { vocabulary, longest: positions };
    return exampleOf({
      seed: 1000 + member,
      tokens,
      ...bounds,
      options: task === "options" ? 2 + (member % 3) : 0,
    });
  }

  #below(bound: number): number {
    return Math.min(bound - 1, Math.floor(((this.#next() + 1) / 2) * bound));
  }
}

function streams(directions: number): (tensor: string) => readonly DirectionStream[] {
  return (tensor) =>
    Array.from({ length: directions }, (_, direction) => ({
      runSeed,
      step: 1,
      direction,
      tensor,
      distribution: "gaussian",
    }));
}
