import { createDirectionEngine, type DirectionEngine, type DirectionStream } from "../directions/index.js";
import type { Mask } from "../masks/index.js";
import type { ModelDescription, ModelStage } from "../model/description.js";
import {
  type Activations,
  type StageRunner,
  weightSource,
  type WeightSource,
} from "../runtime/stage-runner.js";
import type { Tensor } from "../runtime/runtime.js";
import { type Reading, type ReadingKind, readText } from "../tasks/index.js";
import { logitsPerRow, runHead } from "./head-batches.js";
import { Perturber, type SideWeights, walkSides } from "./trajectories.js";
import type { WalkBatch } from "./walk-batch.js";

/** What moves while differences are measured. */
export interface Perturbation {
  /** Tensors that are perturbed. */
  readonly trained: readonly string[];
  readonly smoothing: number;
  /** Which weights of the perturbed tensors move; all of them where there is none. */
  readonly mask?: Mask | undefined;
  /** Most bytes of masked stages' own copies; 1 GiB unless told. */
  readonly copyLimit?: number | undefined;
}

/** A model to walk, and where the walk is cut in two. */
export interface WalkSetting {
  readonly tensors: ModelDescription["tensors"];
  /** Canonical weights: read, never written. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** All stages of the objective, lowest first; the last is the head. */
  readonly stages: readonly ModelStage[];
  /** The number of lowest stages that `encode` runs; `readings` runs the others. */
  readonly frozen: number;
  /** What becomes of a text's logits. */
  readonly reading: ReadingKind;
  readonly perturbation?: Perturbation | undefined;
}

export type { WalkBatch, WalkText } from "./walk-batch.js";

/** One set of weights to run all batches with: a direction's two sides, or the canonical weights. */
export interface Pass {
  /** The direction's stream of each trained tensor; absent: the canonical weights, on one side. */
  readonly streams?: ReadonlyMap<string, DirectionStream> | undefined;
  /** 1: theta + phi z alone. 2: theta - phi z as well. */
  readonly sides: 1 | 2;
}

/**
 * Runs batches of texts through a model, at canonical and at perturbed weights.
 *
 * Guarantees, for every implementation:
 * - What a text gives is a function of the text, the weights and the direction, bit for bit: of no other text, of no
 *   place in a batch, of no number of cores.
 * - The order of results is the order of the batches and of the texts in them.
 * - Canonical weights are only read.
 */
export interface Walker {
  /** The activation `hidden` above the frozen stages, for each batch. */
  encode(batches: readonly WalkBatch[]): Promise<readonly Tensor<Float32Array>[]>;
  /** For each pass and each of its sides, the reading of each text. Batches stand above the frozen stages. */
  readings(
    batches: readonly WalkBatch[],
    passes: readonly Pass[],
  ): Promise<readonly (readonly (readonly Reading[])[])[]>;
  /** Frees what only this walker holds. */
  release(): Promise<void>;
}

/** A walker in this thread, one batch after another. */
export class LocalWalker implements Walker {
  readonly #setting: WalkSetting;
  readonly #runner: StageRunner;
  readonly #canonical: WeightSource;
  readonly #perturber: Perturber | undefined;

  /** @param source where the canonical weights are fed from; the setting's own weights unless told */
  constructor(
    setting: WalkSetting,
    runner: StageRunner,
    engine: DirectionEngine = createDirectionEngine(),
    source: WeightSource = weightSource(setting, setting.weights),
  ) {
    this.#setting = setting;
    this.#runner = runner;
    this.#canonical = source;
    const { perturbation } = setting;
    this.#perturber =
      perturbation &&
      new Perturber({ ...setting, ...perturbation, trained: new Set(perturbation.trained), engine, source });
  }

  async encode(batches: readonly WalkBatch[]): Promise<readonly Tensor<Float32Array>[]> {
    const { stages, frozen } = this.#setting;
    const starts = batches.map(({ activations }) => activations);
    const ends = await walkSides(this.#runner, () => [this.#canonical], stages.slice(0, frozen), starts);
    return ends.map(([activations]) => hiddenOf(activations ?? {}));
  }

  async readings(
    batches: readonly WalkBatch[],
    passes: readonly Pass[],
  ): Promise<readonly (readonly (readonly Reading[])[])[]> {
    const results = [];
    for (const pass of passes) results.push(await this.#pass(batches, pass));
    return results;
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  async #pass(
    batches: readonly WalkBatch[],
    { streams, sides }: Pass,
  ): Promise<readonly (readonly Reading[])[]> {
    const { stages, frozen } = this.#setting;
    const weights = streams === undefined ? () => [this.#canonical] : this.#perturbed(streams, sides);
    const starts = batches.map(({ activations }) => activations);
    const blocks = await walkSides(this.#runner, weights, stages.slice(frozen, -1), starts);
    const head = stages.at(-1);
    const results: (readonly Reading[])[] = [];
    const sources = head === undefined ? [] : weights(head);
    for (const [side, source] of sources.entries()) {
      // Below the first perturbed stage all sides are one.
      const hidden = blocks.map((ends) => hiddenOf(ends[side] ?? ends[0] ?? {}));
      results.push(await this.#head(source, batches, hidden));
    }
    return results;
  }

  async #head(
    source: WeightSource,
    batches: readonly WalkBatch[],
    hidden: readonly Tensor<Float32Array>[],
  ): Promise<readonly Reading[]> {
    const { stages, reading } = this.#setting;
    const head = stages.at(-1);
    if (head === undefined) return [];
    const readings: Reading[][] = batches.map(() => []);
    const words = logitsPerRow(head, this.#setting.tensors);
    await runHead(this.#runner, head, source, words, batches, hidden, (batch, text, logits) => {
      const { targets } = batches[batch]?.texts[text] ?? {};
      (readings[batch] ?? [])[text] = readText(reading, targets, logits);
    });
    return readings.flat();
  }

  #perturbed(streams: ReadonlyMap<string, DirectionStream>, sides: 1 | 2): SideWeights {
    const stream = (tensor: string): DirectionStream => {
      const found = streams.get(tensor);
      if (found === undefined) throw new RangeError(`no direction for tensor ${tensor}`);
      return found;
    };
    return (stage) => {
      const perturbed = this.#perturber?.perturb(stage, stream);
      if (perturbed === undefined) return [this.#canonical];
      return sides === 1 ? [perturbed.plus] : [perturbed.plus, perturbed.minus];
    };
  }
}

function hiddenOf(activations: Activations): Tensor<Float32Array> {
  const { hidden } = activations;
  if (hidden?.data instanceof Float32Array) return { data: hidden.data, dims: hidden.dims };
  throw new RangeError("a walk without hidden activations");
}
