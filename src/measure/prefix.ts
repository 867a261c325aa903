import type { ModelDescription, ModelStage } from "../model/description.js";
import { batchActivations, type TokenRecord } from "../model/token-batch.js";
import type { ExampleText } from "../tasks/index.js";
import { type MicroBatch, microBatches, paddedRows, rowsRead, textsPerMicroBatch } from "./micro-batches.js";
import type { WalkBatch, Walker } from "./walker.js";

/** What runs through the frozen stages, and with what. */
export interface PrefixContext {
  readonly description: ModelDescription;
  readonly walker: Walker;
  /** All stages of the objective, lowest first. */
  readonly stages: readonly ModelStage[];
  /** The number of lowest stages that are frozen. */
  readonly frozen: number;
  readonly texts: readonly ExampleText[];
  readonly maximumTokens: number;
}

/** Texts above the frozen stages, ready for the rest of the walk. */
export interface PrefixBatch extends WalkBatch {
  /** Indices into the list of texts, in the order of the batch. */
  readonly members: readonly number[];
}

/** Reports how much of a total has gone through the frozen stages. */
export type PrefixProgress = (done: number, total: number) => void;

/** Micro-batches that go through the frozen stages together: enough for many cores, little to hold. */
const batchesPerWave = 32;

/**
 * Runs texts through the frozen stages in micro-batches, remembering each text's result when asked to.
 *
 * Guarantees:
 * - What a text gives does not depend on the other texts: its shape follows from its own lengths, and a micro-batch has
 *   a fixed number of texts, filled up with padding.
 * - Kept or run anew, a text gives the same bits.
 * - With `keep`, every text is evaluated exactly once, before the first step and whatever will be sampled.
 * - Kept activations are private: they stay in memory and go with this object.
 */
export class FrozenPrefix {
  readonly #context: PrefixContext;
  readonly #kept: readonly Float32Array[] | undefined;

  private constructor(context: PrefixContext, kept: readonly Float32Array[] | undefined) {
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
    for await (const wave of FrozenPrefix.direct(context).stream(context.texts.keys())) {
      for (const batch of wave) {
        keepRows(kept, batch, context);
        done += batch.members.length;
      }
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
  static bytesToKeep({
    description,
    stages,
    frozen,
    texts,
    maximumTokens,
  }: Omit<PrefixContext, "walker">): number {
    const wide = frozen < stages.length - 1;
    const rows = wide
      ? microBatches(texts, texts.keys(), maximumTokens).reduce(
          (sum, { members, positions }) => sum + members.length * positions,
          0,
        )
      : texts.reduce((sum, { prompt }) => sum + rowsRead(prompt), 0);
    return rows * description.hiddenSize * Float32Array.BYTES_PER_ELEMENT;
  }

  /** The batch's texts above the frozen stages. */
  async run(batch: Iterable<number>): Promise<readonly PrefixBatch[]> {
    const ready: PrefixBatch[] = [];
    for await (const wave of this.stream(batch)) ready.push(...wave);
    return ready;
  }

  /** As {@link run}, some micro-batches at a time. */
  async *stream(batch: Iterable<number>): AsyncGenerator<readonly PrefixBatch[]> {
    const { texts, maximumTokens } = this.#context;
    const all = microBatches(texts, batch, maximumTokens);
    for (let from = 0; from < all.length; from += batchesPerWave) {
      const wave = all.slice(from, from + batchesPerWave);
      const kept = this.#kept;
      yield kept === undefined
        ? await this.#evaluate(wave)
        : wave.map((microBatch) => this.#keptBatch(microBatch, kept));
    }
  }

  get #headOnly(): boolean {
    return this.#context.frozen === this.#context.stages.length - 1;
  }

  async #evaluate(wave: readonly MicroBatch[]): Promise<readonly PrefixBatch[]> {
    const batches = wave.map((microBatch) => this.#inputs(microBatch));
    if (this.#context.frozen === 0) return batches;
    const hidden = await this.#context.walker.encode(batches);
    return batches.map((batch, index) => ({
      ...batch,
      activations: { ...batch.activations, ...(hidden[index] && { hidden: hidden[index] }) },
    }));
  }

  #inputs(microBatch: MicroBatch): PrefixBatch {
    const { description, texts } = this.#context;
    return microBatchInputs(description, texts, microBatch);
  }

  #keptBatch(microBatch: MicroBatch, kept: readonly Float32Array[]): PrefixBatch {
    const { hiddenSize } = this.#context.description;
    const { members, positions, rows } = microBatch;
    if (this.#headOnly) {
      const hidden = joinRows(members, kept, members.length, rows, hiddenSize);
      return {
        ...walkedTexts(this.#context.texts, microBatch),
        cost: members.length * rows,
        activations: { hidden },
      };
    }
    const inputs = this.#inputs(microBatch);
    const hidden = joinRows(members, kept, textsPerMicroBatch(positions), positions, hiddenSize);
    return { ...inputs, activations: { ...inputs.activations, hidden } };
  }
}

/** A micro-batch as the lowest stage takes it, filled up with padding to its fixed number of texts. */
export function microBatchInputs(
  description: ModelDescription,
  texts: readonly ExampleText[],
  microBatch: MicroBatch,
): PrefixBatch {
  const { members, positions, rows } = microBatch;
  const size = textsPerMicroBatch(positions);
  const prompts = members.flatMap((member) => texts[member]?.prompt ?? []).map(withPaddedRows);
  while (prompts.length < size) prompts.push(emptyText(description.padTokenId, rows));
  const activations = batchActivations(description, prompts, positions);
  return { ...walkedTexts(texts, microBatch), cost: size * positions, activations };
}

function walkedTexts(
  all: readonly ExampleText[],
  { members, rows }: MicroBatch,
): Pick<PrefixBatch, "members" | "texts" | "paddedRows"> {
  const texts = members.flatMap((member) => {
    const text = all[member];
    return text === undefined ? [] : [{ rows: rowsRead(text.prompt), targets: text.targets }];
  });
  return { members, texts, paddedRows: rows };
}

/** The text with its read positions repeated up to their padded number. */
function withPaddedRows(prompt: TokenRecord): TokenRecord {
  const { readPositions } = prompt;
  if (readPositions === undefined) return prompt;
  const last = readPositions.at(-1) ?? 0;
  const rows = paddedRows(prompt);
  return { ...prompt, readPositions: Array.from({ length: rows }, (_, row) => readPositions[row] ?? last) };
}

/** What fills a micro-batch up: public, and the same everywhere. */
function emptyText(padTokenId: number, rows: number): TokenRecord {
  const text = { inputIds: Int32Array.of(padTokenId), tokenTypeIds: new Int32Array(1), maskPosition: 0 };
  return rows === 1 ? text : { ...text, readPositions: new Array<number>(rows).fill(0) };
}

function keepRows(
  kept: Float32Array[],
  { members, activations, texts, paddedRows: rows }: PrefixBatch,
  { description, stages, frozen }: PrefixContext,
): void {
  const hidden = activations["hidden"]?.data;
  if (!(hidden instanceof Float32Array)) return;
  const atHead = frozen === stages.length - 1;
  const positions = activations["input_ids"]?.dims[1] ?? 0;
  const stride = (atHead ? rows : positions) * description.hiddenSize;
  members.forEach((member, index) => {
    const size = atHead ? (texts[index]?.rows ?? 0) * description.hiddenSize : stride;
    kept[member] = hidden.slice(index * stride, index * stride + size);
  });
}

/** What is kept of some texts, `rows` rows each and zeros where one has fewer, in room for `size` texts. */
function joinRows(
  members: readonly number[],
  kept: readonly Float32Array[],
  size: number,
  rows: number,
  width: number,
): { data: Float32Array; dims: readonly number[] } {
  const data = new Float32Array(size * rows * width);
  members.forEach((member, index) => {
    data.set(kept[member] ?? new Float32Array(), index * rows * width);
  });
  return { data, dims: [size * rows, width] };
}
