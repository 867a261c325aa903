import { createDirectionEngine, type DirectionEngine } from "../directions/index.js";
import {
  FrozenPrefix,
  type MeasureOptions,
  Measurer,
  openWalker,
  predict,
  rowsRead,
} from "../measure/index.js";
import { classificationMetrics, type Example } from "../tasks/index.js";
import type { RunPlan } from "../plan/index.js";
import { adaptModel, type PreparedModel } from "../train/index.js";
import { CompareError } from "./errors.js";
import { firstTrained } from "../model/index.js";

/** Accuracy and macro-F1 on one split. */
export interface Score {
  readonly accuracy: number;
  readonly macroF1: number;
}

/** The records of a comparison, all of them public. */
export interface Splits {
  readonly train: readonly Example[];
  /** Settings are chosen on it. */
  readonly dev: readonly Example[];
  /** Looked at once settings are chosen. */
  readonly test: readonly Example[];
}

/**
 * One model and its data, used for run after run: every run starts from the base weights, and what the frozen stages
 * answer is kept from run to run, where it is that of the base weights.
 */
export class Workbench {
  readonly model: PreparedModel;
  readonly baseDigest: string;
  readonly splits: Splits;
  /** Of a record to train on, in the mean: its tokens, and the positions that are read. */
  readonly lengths: { readonly tokens: number; readonly rows: number };
  readonly engine: DirectionEngine = createDirectionEngine();
  /** The base weights of what has been trained in any run. */
  readonly #base = new Map<string, Float32Array>();
  readonly #measurers = new Map<number, Measurer>();
  readonly #kept = new Map<string, Promise<FrozenPrefix>>();
  /** The model of the run in progress, with its adapters. */
  #trained: PreparedModel;
  /** The lowest model stage that the run in progress has trained so far. */
  #lowest = Infinity;

  /** @throws {CompareError} `not-comparable` for a task whose answers are written, which has no accuracy. */
  constructor(model: PreparedModel, baseDigest: string, splits: Splits) {
    if (model.task.answering !== undefined) throw notComparable();
    this.model = model;
    this.#trained = model;
    this.baseDigest = baseDigest;
    this.splits = splits;
    this.lengths = meanLengths(splits.train);
  }

  /** Puts the base weights back. */
  reset(): void {
    for (const [name, values] of this.#base) this.model.weights.get(name)?.set(values);
    this.#trained = this.model;
    this.#lowest = Infinity;
  }

  /** Begins a run at the base weights; the model, with the plan's adapters at their start. */
  async begin(plan: RunPlan): Promise<PreparedModel> {
    this.reset();
    if (plan.adapter?.kind === "prefix") throw prefixed();
    for (const name of new Set(plan.stages.flatMap(({ tensors }) => tensors))) {
      const values = this.#base.has(name) ? undefined : this.model.weights.get(name);
      if (values !== undefined && this.model.description.tensors.has(name))
        this.#base.set(name, values.slice());
    }
    this.#trained = await adaptModel(this.model, plan, this.engine);
    return this.#trained;
  }

  /** The private side of a stage, with what was kept for an earlier run where that still holds. */
  async measurer(
    options: Pick<MeasureOptions, "tensors" | "mask" | "smoothing" | "estimator" | "expectedVisits">,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Measurer> {
    const frozen = firstTrained(this.#trained.modelStages, new Set(options.tensors));
    // Above a stage that this run has trained, nothing kept of the base weights is true any more.
    const isOfBase = frozen <= this.#lowest;
    const previous = isOfBase ? this.#measurers.get(frozen) : undefined;
    const measurer = await Measurer.create({
      ...this.#trained,
      ...options,
      engine: this.engine,
      examples: this.splits.train,
      previous,
      ...(onProgress && { onProgress }),
    });
    if (isOfBase && measurer.keptPrefix(frozen)) this.#measurers.set(frozen, measurer);
    this.#lowest = Math.min(this.#lowest, frozen);
    return measurer;
  }

  /** How the weights as they are do on a split. */
  async score(split: "dev" | "test"): Promise<Score> {
    const examples = this.splits[split];
    const model = this.#trained;
    const prefix = await this.#prefixFor(split, Math.min(this.#lowest, model.modelStages.length - 1));
    const predicted = await predict({ ...model, examples, ...(prefix && { prefix }) });
    const truth = examples.map(({ label }) => label);
    const { accuracy, macroF1 } = classificationMetrics(predicted, truth, model.task.labels.length);
    return { accuracy, macroF1 };
  }

  /** A split's frozen stages: kept where there are any, for all runs that leave them as they are. */
  #prefixFor(split: "dev" | "test", frozen: number): Promise<FrozenPrefix> | undefined {
    if (frozen === 0) return undefined;
    const key = `${split}/${frozen}`;
    const kept = this.#kept.get(key) ?? this.#keep(split, frozen);
    this.#kept.set(key, kept);
    return kept;
  }

  async #keep(split: "dev" | "test", frozen: number): Promise<FrozenPrefix> {
    const { description, weights, modelStages: stages, task, runner, maximumTokens } = this.model;
    const setting = { tensors: description.tensors, weights, stages, frozen, reading: task.reading };
    const walker = openWalker(setting, runner);
    const texts = this.splits[split].flatMap((example) => example.texts);
    try {
      return await FrozenPrefix.keeping({ description, walker, stages, frozen, texts, maximumTokens });
    } finally {
      await walker.release();
    }
  }
}

function meanLengths(examples: readonly Example[]): Workbench["lengths"] {
  const prompts = examples.flatMap(({ texts }) => texts.map(({ prompt }) => prompt));
  const tokens = prompts.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const rows = prompts.reduce((sum, prompt) => sum + rowsRead(prompt), 0);
  return { tokens: tokens / examples.length, rows: rows / examples.length };
}

function notComparable(): CompareError {
  return new CompareError("not-comparable", {
    message: "Written answers have no accuracy to compare.",
    expected: "a task with label words or options",
    next: "Train with dpzo train and score with dpzo eval.",
  });
}

/** What is kept of frozen stages is kept of the base, and a prefix changes every stage and a decoder's positions. */
function prefixed(): CompareError {
  return new CompareError("not-comparable", {
    message: "dpzo compare does not run prefix tuning.",
    value: "prefix",
    expected: "LoRA adapters, or none",
    next: "Compare runs of dpzo train --adapter prefix.",
  });
}
