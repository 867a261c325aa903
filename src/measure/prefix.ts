import type { ModelDescription, ModelStage } from "../model/description.js";
import { batchActivations, type TokenRecord } from "../model/token-batch.js";
import { type Activations, type StageRunner, type WeightSource } from "../runtime/stage-runner.js";
import { type MicroBatch, microBatches, type Prompted } from "./examples.js";

/** Rows that go through the head together when the stages below it are kept; a text may have several. */
const rowsPerHeadBatch = 1024;
/** Logits of such a batch where a row has the whole vocabulary: 64 MiB. */
const logitsPerHeadBatch = 2 ** 24;

/** What runs through the frozen stages, and with what. */
export interface PrefixContext {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly weights: WeightSource;
  /** All stages of the objective, lowest first. */
  readonly stages: readonly ModelStage[];
  /** The number of lowest stages that are frozen. */
  readonly frozen: number;
  readonly texts: readonly Prompted[];
  readonly maximumTokens: number;
}

/**
 * Activations at the first trained stage, of these texts in this order; what follows the last one's rows is of no
 * text. At the head a text has as many rows as it reads positions ({@link rowsRead}), below it one a position.
 */
export interface PrefixBatch {
  readonly members: readonly number[];
  readonly activations: Activations;
}

/** Reports how many texts have gone through the frozen stages. */
export type PrefixProgress = (done: number, total: number) => void;

/**
 * Runs micro-batches of texts through the frozen stages, remembering each text's result when asked to.
 *
 * Guarantees:
 * - What a text gives does not depend on the other texts of its batch: it is padded by its own length, and a batch is
 *   never one row (a single row takes another matrix kernel, which rounds differently).
 * - With `keep`, every text is evaluated exactly once, before the first step and whatever will be sampled.
 * - Kept activations are private: they stay in memory and go with this object.
 */
export class FrozenPrefix {
  readonly #context: PrefixContext;
  readonly #kept: Float32Array[] | undefined;

  private constructor(context: PrefixContext, kept: Float32Array[] | undefined) {
    this.#context = context;
    this.#kept = kept;
  }

  /** A prefix that evaluates the frozen stages again for every batch. */
  static direct(context: PrefixContext): FrozenPrefix {
    return new FrozenPrefix(context, undefined);
  }

  /** A prefix that evaluates the frozen stages now, once for every text, and keeps the result. */
  static async keeping(context: PrefixContext, onProgress?: PrefixProgress): Promise<FrozenPrefix> {
    const kept = new Array<Float32Array>(context.texts.length);
    let done = 0;
    for await (const batch of FrozenPrefix.direct(context).stream(context.texts.keys())) {
      keepRows(kept, batch, context);
      done += batch.members.length;
      onProgress?.(done, context.texts.length);
    }
    return new FrozenPrefix(context, kept);
  }

  /** Whether every text's result is kept. */
  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /** The number of lowest stages this runs. */
  get frozen(): number {
    return this.#context.frozen;
  }

  /** Bytes that {@link FrozenPrefix.keeping} would hold. */
  static bytesToKeep({ description, stages, frozen, texts, maximumTokens }: PrefixContext): number {
    const wide = frozen < stages.length - 1;
    const rows = wide
      ? microBatches(texts, texts.keys(), maximumTokens).reduce(
          (sum, { members, positions }) => sum + members.length * positions,
          0,
        )
      : texts.reduce((sum, { prompt }) => sum + rowsRead(prompt), 0);
    return rows * description.hiddenSize * Float32Array.BYTES_PER_ELEMENT;
  }

  /** The batch's texts at the first trained stage, in micro-batches. */
  async run(batch: Iterable<number>): Promise<readonly PrefixBatch[]> {
    if (this.#kept !== undefined && this.#headOnly) return this.#keptHeadBatches([...batch]);
    const ready: PrefixBatch[] = [];
    for await (const prefixBatch of this.stream(batch)) ready.push(prefixBatch);
    return ready;
  }

  /** As {@link run}, one micro-batch at a time. */
  async *stream(batch: Iterable<number>): AsyncGenerator<PrefixBatch> {
    const { texts, maximumTokens } = this.#context;
    for (const microBatch of microBatches(texts, batch, maximumTokens)) {
      yield this.#kept === undefined
        ? await this.#evaluate(microBatch)
        : { members: microBatch.members, activations: this.#keptActivations(microBatch, this.#kept) };
    }
  }

  get #headOnly(): boolean {
    return this.#context.frozen === this.#context.stages.length - 1;
  }

  async #evaluate({ members, positions }: MicroBatch): Promise<PrefixBatch> {
    const { runner, weights, stages, frozen } = this.#context;
    let activations = this.#inputs({ members, positions });
    for (const stage of stages.slice(0, frozen)) activations = await runner.run(stage, weights, activations);
    return { members, activations };
  }

  #inputs({ members, positions }: MicroBatch): Activations {
    const { description, texts } = this.#context;
    const prompts = atLeastTwo(members).flatMap((member) => texts[member]?.prompt ?? []);
    return batchActivations(description, prompts, positions);
  }

  #keptActivations(microBatch: MicroBatch, kept: readonly Float32Array[]): Activations {
    const hidden = joinRows(atLeastTwo(microBatch.members), kept, this.#context.description.hiddenSize);
    return { ...this.#inputs(microBatch), hidden };
  }

  #keptHeadBatches(members: readonly number[]): readonly PrefixBatch[] {
    const kept = this.#kept ?? [];
    const { description, texts } = this.#context;
    return headBatches(members, texts, description.vocabularySize).map((part) => ({
      members: part,
      activations: { hidden: joinRows(atLeastTwo(part), kept, description.hiddenSize) },
    }));
  }
}

/** The rows a text has at the head. */
export function rowsRead({ readPositions }: TokenRecord): number {
  return readPositions?.length ?? 1;
}

function headBatches(
  members: readonly number[],
  texts: readonly Prompted[],
  vocabulary: number,
): readonly (readonly number[])[] {
  const isWide = members.some((member) => texts[member]?.prompt.readPositions !== undefined);
  const limit = isWide ? Math.floor(logitsPerHeadBatch / vocabulary) : rowsPerHeadBatch;
  const batches: number[][] = [];
  let batch: number[] = [];
  let room = 0;
  for (const member of members) {
    const prompt = texts[member]?.prompt;
    const rows = prompt === undefined ? 0 : rowsRead(prompt);
    if (rows > room || batches.length === 0) {
      batch = [];
      batches.push(batch);
      room = limit;
    }
    batch.push(member);
    room -= rows;
  }
  return batches;
}

/** A lone text is run twice, since one row alone would round differently from one of many. */
function atLeastTwo(members: readonly number[]): readonly number[] {
  return members.length === 1 ? [...members, ...members] : members;
}

function keepRows(
  kept: Float32Array[],
  { members, activations }: PrefixBatch,
  { description, stages, frozen, texts }: PrefixContext,
): void {
  const hidden = activations["hidden"]?.data;
  if (!(hidden instanceof Float32Array)) return;
  const wide = hidden.length / atLeastTwo(members).length;
  let at = 0;
  for (const member of members) {
    const prompt = texts[member]?.prompt;
    const isWide = frozen < stages.length - 1 || prompt === undefined;
    const size = isWide ? wide : rowsRead(prompt) * description.hiddenSize;
    kept[member] = hidden.slice(at, at + size);
    at += size;
  }
}

function joinRows(
  members: readonly number[],
  kept: readonly Float32Array[],
  width: number,
): { data: Float32Array; dims: readonly number[] } {
  const parts = members.map((member) => kept[member] ?? new Float32Array());
  const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { data, dims: [data.length / width, width] };
}
