import type { ModelDescription } from "../model/description.js";
import { decodeGreedily } from "../runtime/generate.js";
import { StageRunner } from "../runtime/stage-runner.js";
import { type Answering, type Example, promptTokens } from "../tasks/index.js";
import { feedableSource } from "./shared-weights.js";

/** What answers are written with. */
export interface WriteOptions {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly answering: Answering;
  readonly examples: readonly Example[];
  readonly onProgress?: (done: number, total: number) => void;
}

/** Most that is held of copies of weights that workers share. */
const copyBytes = 2 ** 30;
/** Tokens of prompts that are decoded together. */
const tokensPerBatch = 4096;

/**
 * The model's own answer to each example, by greedy decoding up to the end of the line.
 *
 * How long it takes depends on what is written: for public evaluation files.
 */
export async function writeAnswers(options: WriteOptions): Promise<readonly string[]> {
  const { description, answering, examples, onProgress } = options;
  // One batch after another, each waiting for the last token of the one before: all cores share its products.
  const runner = new StageRunner(options.runner.runtime, "all");
  const prompts = examples.map(({ texts: [text] }) =>
    text === undefined ? new Int32Array() : promptTokens(text),
  );
  const stages = description.stages({ kind: "next-token" });
  // Every stage is visited for every token.
  const weights = feedableSource({ ...description, weights: options.weights, stages }, copyBytes);
  const written = new Array<string>(examples.length).fill("");
  let done = 0;
  try {
    for (const members of batchesByLength(prompts)) {
      const answers = await decodeGreedily({
        description,
        runner,
        weights,
        prompts: members.map((member) => prompts[member] ?? new Int32Array()),
        newTokens: answering.tokens,
        endTokens: answering.endTokens,
      });
      members.forEach((member, row) => {
        written[member] = answering.textOf(answers[row] ?? []);
      });
      done += members.length;
      onProgress?.(done, examples.length);
    }
  } finally {
    await runner.release();
  }
  return written;
}

/** Prompts of like lengths together, as all of a batch are padded to its longest. */
function batchesByLength(prompts: readonly Int32Array[]): readonly (readonly number[])[] {
  const order = [...prompts.keys()].sort((a, b) => (prompts[a]?.length ?? 0) - (prompts[b]?.length ?? 0));
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const member of order) {
    const rows = batch.length + 1;
    if (batch.length === 0 || rows * (prompts[member]?.length ?? 0) > tokensPerBatch) {
      batch = [];
      batches.push(batch);
    }
    batch.push(member);
  }
  return batches;
}
