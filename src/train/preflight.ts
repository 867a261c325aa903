import {
  type Checkpoint,
  checkMeaning,
  CheckpointError,
  firstNonFinite,
  refuseDifferingTies,
} from "../checkpoint/index.js";
import type { ModelDescription, Objective } from "../model/description.js";
import type { LoadedModel } from "../model/load.js";
import { batchActivations, type TokenRecord } from "../model/token-batch.js";
import { valuesForReading } from "../model/weight-store.js";
import { type Activations, type StageRunner, weightSource } from "../runtime/stage-runner.js";

/** What is looked over before a run: a folder, what was loaded from it, and what will be asked of it. */
export interface PreflightSubject extends LoadedModel {
  readonly checkpoint: Checkpoint;
  readonly runner: StageRunner;
  readonly objective: Objective;
}

/**
 * Looks for everything in a base checkpoint that would stop a run or make its result worthless, before epsilon is spent:
 * `train` and `doctor` say the same, since both call this.
 *
 * - Nothing in the folder makes another model of the weights (an adapter, a quantised checkpoint's settings).
 * - Tied tensors that are both stored agree, or the result could not be written.
 * - Every weight that is read is finite, and so are the logits that the model gives.
 * - What a result carries along (tokenizer, templates) can be read to its end.
 *
 * @returns remarks, in sentences
 * @throws {CheckpointError} `adapter-in-folder`, `quantised-weights`, `tied-tensors-differ`, `not-finite`,
 *   `no-finite-logits`; {FileError}
 */
export async function preflight(subject: PreflightSubject): Promise<readonly string[]> {
  const { checkpoint, description } = subject;
  const remarks = await checkMeaning(checkpoint);
  await refuseDifferingTies(checkpoint, description.tiedAliases);
  refuseNonFiniteWeights(checkpoint.name, subject);
  await refuseNonFiniteLogits(subject);
  await sideFileBytes(checkpoint);
  return remarks;
}

/** Bytes of the files that a result carries along, each read to its end. @throws {FileError} */
export async function sideFileBytes(checkpoint: Checkpoint): Promise<number> {
  let bytes = 0;
  for (const name of (await checkpoint.sideFiles()).keys()) {
    for await (const piece of checkpoint.readSideFile(name)) bytes += piece.length;
  }
  return bytes;
}

/** Only tensors that the forward pass reads: a buffer that nobody reads may hold what it likes. */
function refuseNonFiniteWeights(folder: string, { description, weights }: LoadedModel): void {
  for (const name of description.tensors.keys()) {
    const values = valuesForReading(weights, name) ?? new Float32Array();
    const at = firstNonFinite(values);
    if (at < 0) continue;
    throw new CheckpointError("not-finite", {
      message: `Element ${at} of tensor ${JSON.stringify(name)} of ${folder} is ${String(values[at])}.`,
      value: name,
      expected: "finite weights",
      next: "The checkpoint is damaged, or overflowed when it was converted; download or convert it again.",
    });
  }
}

/** Finite weights may still overflow on the way. Rare tokens may do so alone; here no record comes through. */
async function refuseNonFiniteLogits({
  checkpoint,
  description,
  weights,
  runner,
  objective,
}: PreflightSubject): Promise<void> {
  const records = probes(description);
  const source = weightSource(description, weights);
  const positions = Math.min(16, description.maximumTokens);
  let activations: Activations = batchActivations(description, records, positions);
  let first: string | undefined;
  for (const stage of description.stages(objective)) {
    activations = await runner.run(stage, source, activations);
    const outputs = Object.values(stage.program.outputs).map((name) => activations[name]?.data);
    const isLost = outputs.some((data) => data instanceof Float32Array && noRecordIsFinite(data, records));
    if (isLost) first ??= stage.name;
  }
  const logits = activations["logits"]?.data;
  if (!(logits instanceof Float32Array) || !noRecordIsFinite(logits, records)) return;
  throw new CheckpointError("no-finite-logits", {
    message: `${checkpoint.name} gives no finite logits for any of ${records.length} probes, from its stage ${String(first)} on.`,
    value: first,
    expected: "finite logits",
    next: "Its weights are too large for float32: every difference would count as zero. Use another checkpoint.",
  });
}

function noRecordIsFinite(data: Float32Array, records: readonly unknown[]): boolean {
  const width = data.length / records.length;
  return records.every((_, record) => firstNonFinite(data.slice(record * width, (record + 1) * width)) >= 0);
}

/** Short records that share few tokens, over the whole vocabulary; nothing here is secret. */
function probes({ maximumTokens, vocabularySize }: ModelDescription): readonly TokenRecord[] {
  const length = Math.min(4, maximumTokens);
  return Array.from({ length: 8 }, (_, record) => ({
    inputIds: Int32Array.from({ length }, (__, at) => (record * 15_485_863 + at * 104_729) % vocabularySize),
    tokenTypeIds: new Int32Array(length),
    maskPosition: length - 1,
  }));
}
