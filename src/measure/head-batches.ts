import type { ModelDescription, ModelStage } from "../model/description.js";
import type { Tensor } from "../runtime/runtime.js";
import type { StageRunner, WeightSource } from "../runtime/stage-runner.js";
import type { TextLogits } from "../tasks/index.js";
import { textsPerHeadBatch } from "./micro-batches.js";
import type { WalkBatch } from "./walk-batch.js";

/** One text's rows at the head, and whose they are. */
interface HeadText {
  readonly batch: number;
  readonly text: number;
  readonly rows: number;
  /** The text's own rows of `hidden`. */
  readonly hidden: Float32Array;
}

/** Is given the logits of one text of a batch; they are a view that does not last. */
export type OnLogits = (batch: number, text: number, logits: TextLogits) => void;

/** How many logits a row has at the head: the rows of the projection that it reads. */
export function logitsPerRow(head: ModelStage, tensors: ModelDescription["tensors"]): number {
  const projection = head.weights.find(({ input }) => input === "decoder_weight");
  return projection?.rows?.length ?? tensors.get(projection?.tensor ?? "")?.[0] ?? 1;
}

/**
 * Runs the head on the rows of all texts, in batches of a fixed number of rows.
 *
 * Texts with the same padded number of rows go together, whatever micro-batch they come from; what is left of a batch
 * is zeros. So what a text gives is that of one shape, whether the stages below were kept or run just now.
 *
 * @param words logits that the head gives a row
 * @param hidden of each batch: its texts' rows, `paddedRows` each, with or without padding at the end
 */
export async function runHead(
  runner: StageRunner,
  head: ModelStage,
  source: WeightSource,
  words: number,
  batches: readonly WalkBatch[],
  hidden: readonly Tensor<Float32Array>[],
  onLogits: OnLogits,
): Promise<void> {
  const width = hidden[0]?.dims[1] ?? 0;
  for (const [rows, texts] of byRows(batches, hidden, width)) {
    const size = textsPerHeadBatch(rows, words);
    for (let from = 0; from < texts.length; from += size) {
      await runBatch(runner, head, source, texts.slice(from, from + size), { rows, size, width }, onLogits);
    }
  }
}

function byRows(
  batches: readonly WalkBatch[],
  hidden: readonly Tensor<Float32Array>[],
  width: number,
): ReadonlyMap<number, readonly HeadText[]> {
  const groups = new Map<number, HeadText[]>();
  batches.forEach(({ texts, paddedRows }, batch) => {
    const group = groups.get(paddedRows) ?? [];
    groups.set(paddedRows, group);
    const { data } = hidden[batch] ?? { data: new Float32Array() };
    texts.forEach(({ rows }, text) => {
      const from = text * paddedRows * width;
      group.push({ batch, text, rows, hidden: data.subarray(from, from + rows * width) });
    });
  });
  return groups;
}

async function runBatch(
  runner: StageRunner,
  head: ModelStage,
  source: WeightSource,
  texts: readonly HeadText[],
  shape: { readonly rows: number; readonly size: number; readonly width: number },
  onLogits: OnLogits,
): Promise<void> {
  const { rows, size, width } = shape;
  const data = new Float32Array(size * rows * width);
  texts.forEach(({ hidden }, index) => {
    data.set(hidden, index * rows * width);
  });
  const { logits } = await runner.run(head, source, { hidden: { data, dims: [size * rows, width] } });
  if (!(logits?.data instanceof Float32Array)) throw new RangeError("a head without logits");
  const words = logits.dims[1] ?? 0;
  for (const [index, text] of texts.entries()) {
    const from = index * rows * words;
    const own = logits.data.subarray(from, from + text.rows * words);
    onLogits(text.batch, text.text, { data: own, dims: [text.rows, words] });
  }
}
