import type { ModelDescription, ModelStage, Objective, WeightBinding } from "../model/description.js";
import type { TokenRecord } from "../model/token-batch.js";
import { RuntimeError } from "../runtime/errors.js";
import type { Tensor } from "../runtime/runtime.js";
import {
  type Activations,
  type StageRunner,
  weightSource,
  type WeightSource,
} from "../runtime/stage-runner.js";
import type { ExampleText, Reading, ReadingKind } from "../tasks/index.js";
import { logitsPerRow, runHead } from "./head-batches.js";
import { paddedRows, rowsRead, textsPerHeadBatch, textsPerMicroBatch } from "./micro-batches.js";
import { openWalker } from "./open-walker.js";
import { microBatchInputs, type PrefixBatch } from "./prefix.js";
import { LocalWalker, type Walker, type WalkSetting } from "./walker.js";

/** What the start-up self-test looked at. */
export interface SelfTestResult {
  /** Names of the model's stages, each of which gave something else when one of its weights was changed. */
  readonly stages: readonly string[];
  /** How many texts were compared, bit for bit, with themselves in other company. */
  readonly compared: number;
}

/** Padded lengths that are tried, as far as the model takes them. */
const triedPositions = [16, 32, 64] as const;
/** How many texts the head is tried on: every number up to a batch, and some beyond. */
const manyTexts = [200, 1023, 1024] as const;

/**
 * Checks, on this machine and model, what training relies on and the runtime does not promise.
 *
 * - A text gives the same bits whatever runs beside it and wherever it stands: every activation of each distinct graph
 *   and the logits, for every number of texts that a batch can hold, at several lengths, and at the head up to 1,024.
 *   (Otherwise adding a record could change what another one contributes, and the sensitivity would not be what the
 *   accountant assumes.)
 * - The same bits come from the workers and from this thread, with frozen stages kept and run anew.
 * - Changing any weight of a graph changes what it gives. (ONNX Runtime silently ignores weights it takes for constants;
 *   a trainer on such a graph would learn nothing.)
 * - There are finite logits.
 *
 * @param objective what the model will be asked for; two label words unless told
 * @throws {RuntimeError} `self-test-failed`, naming the stage or the property.
 */
export async function selfTest(
  runner: StageRunner,
  description: ModelDescription,
  weights: ReadonlyMap<string, Float32Array>,
  objective: Objective = { kind: "label-words", wordIds: [0, description.vocabularySize - 1] },
): Promise<SelfTestResult> {
  const stages = description.stages(objective);
  const reading: ReadingKind = objective.kind === "label-words" ? "logits" : "mean-log-likelihood";
  const subject: Subject = { runner, description, weights, stages, reading, isSome: reading !== "logits" };
  await checkStages(subject);
  const distinct = { ...subject, stages: distinctStages(stages) };
  await checkWeights(distinct);
  const compared = (await checkBatches(distinct)) + (await checkHead(distinct));
  await checkWalkers(distinct);
  return { stages: stages.map(({ name }) => name), compared };
}

/** What is tested, with the stages to walk. */
interface Subject {
  readonly runner: StageRunner;
  readonly description: ModelDescription;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly stages: readonly ModelStage[];
  readonly reading: ReadingKind;
  /** Whether a text reads several positions. */
  readonly isSome: boolean;
}

/** The first stage of each graph: what a kernel does with rows does not depend on the weights. */
function distinctStages(stages: readonly ModelStage[]): readonly ModelStage[] {
  const seen = new Set<string>();
  return stages.filter(({ program: { key } }) => !seen.has(key) && seen.add(key));
}

function sourceOf({ description, weights }: Subject): WeightSource {
  return weightSource(description, weights);
}

/** `count` texts that end up at a padded length of `positions`; fixed, since nothing here is secret. */
function testTexts(
  { description, isSome }: Subject,
  positions: number,
  count: number,
): readonly ExampleText[] {
  const shortest = positions > 16 ? positions - 15 : 1;
  return Array.from({ length: count }, (_, text) => {
    const length = Math.max(1, Math.min(positions, shortest + ((text * 5) % 16)));
    const inputIds = Int32Array.from(
      { length },
      (__, i) => (i * 7919 + text * 104729 + 5) % description.vocabularySize,
    );
    const prompt: TokenRecord = {
      inputIds,
      tokenTypeIds: new Int32Array(length),
      maskPosition: Math.min(1, length - 1),
      ...(isSome && { readPositions: [0, length >> 1, length - 1] }),
    };
    return { prompt, ...(isSome && { targets: Int32Array.of(1, 2, 3) }) };
  });
}

/** A micro-batch of some texts, in the order of `members`. */
function batchOf(
  { description }: Subject,
  texts: readonly ExampleText[],
  members: readonly number[],
  positions: number,
): PrefixBatch {
  const rows = paddedRows(firstPrompt(texts));
  return microBatchInputs(description, texts, { members, positions, rows });
}

/** All of them read as many positions. */
function firstPrompt([text]: readonly ExampleText[]): TokenRecord {
  if (text === undefined) throw new RangeError("a self-test without texts");
  return text.prompt;
}

/** As many texts of the shortest length as a micro-batch takes. */
function fullBatch(subject: Subject): PrefixBatch {
  const positions = lengthsOf(subject)[0] ?? 1;
  const texts = testTexts(subject, positions, textsPerMicroBatch(positions));
  return batchOf(subject, texts, [...texts.keys()], positions);
}

function lengthsOf({ description }: Subject): readonly number[] {
  const limit = description.maximumTokens;
  return [...new Set(triedPositions.map((positions) => Math.min(positions, limit)))];
}

/** Walks all stages: there are finite logits, and each stage's last weight moves what it gives. */
async function checkStages(subject: Subject): Promise<void> {
  const { runner, stages } = subject;
  const walk: Activations[] = [fullBatch(subject).activations];
  for (const [at, stage] of stages.entries()) {
    walk.push(await runner.run(stage, sourceOf(subject), walk[at] ?? {}));
  }
  checkLogits(walk[stages.length]?.["logits"]);
  for (const [at, stage] of stages.entries()) {
    await checkMoves(subject, stage, stage.weights.at(-1), walk[at] ?? {}, walk[at + 1] ?? {});
  }
}

function checkLogits(logits: Tensor | undefined): void {
  if (logits === undefined) throw failed("The last stage gave no logits.", "logits");
  // One odd token may give none: a record that holds it counts as zero. Where all texts give none, nothing is learnt.
  if (logits.data.some((value) => Number.isFinite(value))) return;
  throw failed(
    "On fixed inputs none of the model's logits is finite.",
    "finite logits",
    "a checkpoint that gives numbers",
    "No loss would be a number, and every step would cost epsilon for nothing. Look for NaN or infinity in the weights.",
  );
}

/** Each weight of each distinct graph moves what the graph gives. */
async function checkWeights(subject: Subject): Promise<void> {
  const { runner, stages } = subject;
  let { activations } = fullBatch(subject);
  for (const stage of stages) {
    const plain = await runner.run(stage, sourceOf(subject), activations);
    for (const binding of stage.weights) await checkMoves(subject, stage, binding, activations, plain);
    activations = plain;
  }
}

async function checkMoves(
  subject: Subject,
  stage: ModelStage,
  binding: WeightBinding | undefined,
  activations: Activations,
  plain: Activations,
): Promise<void> {
  if (binding === undefined) return;
  const moved = await subject.runner.run(stage, changed(binding, sourceOf(subject)), activations);
  const outputs = Object.values(stage.program.outputs);
  if (outputs.some((name) => !sameValues(plain[name], moved[name]))) return;
  throw failed(`Changing ${binding.tensor} of stage ${stage.name} changes nothing it gives.`, stage.name);
}

function sameValues(a: Tensor | undefined, b: Tensor | undefined): boolean {
  return a !== undefined && b !== undefined && sameBits(a.data, b.data);
}

function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (!Object.is(a[at], b[at])) return false;
  return true;
}

/** With NaN in the place of one weight: it comes through saturated attention and norms, which a number might not. */
function changed(target: WeightBinding, source: WeightSource): WeightSource {
  return (binding) => {
    const { data, dims } = source(binding);
    return { data: binding === target ? new Float32Array(data.length).fill(Number.NaN) : data, dims };
  };
}

/** Every number of texts that a micro-batch can hold, each time in other places. @returns texts compared */
async function checkBatches(subject: Subject): Promise<number> {
  let compared = 0;
  for (const positions of lengthsOf(subject)) {
    const size = textsPerMicroBatch(positions);
    const texts = testTexts(subject, positions, size);
    const full = await activationsOf(subject, texts, [...texts.keys()], positions);
    for (let count = 1; count <= size; count += 1) {
      const members = Array.from({ length: count }, (_, at) => (size - 1 - at + count) % size);
      const some = await activationsOf(subject, texts, members, positions);
      members.forEach((member, at) => {
        if (!sameBits(full[member] ?? [], some[at] ?? [])) throw dependent();
      });
      compared += count;
    }
  }
  return compared;
}

/** Everything that each text gives in a walk over the stages below the head, one after another. */
async function activationsOf(
  subject: Subject,
  texts: readonly ExampleText[],
  members: readonly number[],
  positions: number,
): Promise<readonly (readonly number[])[]> {
  const { runner, stages } = subject;
  const size = textsPerMicroBatch(positions);
  const given = members.map((): number[] => []);
  let { activations } = batchOf(subject, texts, members, positions);
  for (const stage of stages.slice(0, -1)) {
    activations = await runner.run(stage, sourceOf(subject), activations);
    const { data = [] } = activations["hidden"] ?? {};
    const width = data.length / size;
    given.forEach((own, at) => {
      for (let i = at * width; i < (at + 1) * width; i += 1) own.push(data[i] ?? 0);
    });
  }
  return given;
}

/** Every number of texts that a head batch can hold, and numbers that make several. @returns texts compared */
async function checkHead(subject: Subject): Promise<number> {
  const head = subject.stages.at(-1);
  if (head === undefined) return 0;
  const hidden = await hiddenRows(subject);
  const size = textsPerHeadBatch(hidden.paddedRows, logitsPerRow(head, subject.description.tensors));
  const few =
    size > 64 && !subject.isSome ? [...Array(size).keys()].map((count) => count + 1) : [1, 2, size - 1];
  const most = subject.isSome ? size + 1 : Math.max(size + 1, ...manyTexts);
  const reference = await headOutputs(subject, head, hidden, most);
  let compared = 0;
  for (const count of new Set([...few, size, size + 1, ...(subject.isSome ? [] : manyTexts)])) {
    if (count < 1) continue;
    const some = await headOutputs(subject, head, hidden, count);
    some.forEach((logits, text) => {
      // The same few rows come again and again, so that all texts have their like among the first.
      if (!sameBits(logits, reference[text] ?? [])) throw dependent();
      if (!sameBits(logits, reference[text % hidden.texts] ?? [])) throw dependent();
    });
    compared += count;
  }
  return compared;
}

interface HiddenRows {
  readonly texts: number;
  readonly paddedRows: number;
  readonly rows: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** Some texts' rows at the head. */
async function hiddenRows(subject: Subject): Promise<HiddenRows> {
  const { runner, stages } = subject;
  const positions = lengthsOf(subject)[0] ?? 1;
  const texts = testTexts(subject, positions, textsPerMicroBatch(positions));
  const batch = batchOf(subject, texts, [...texts.keys()], positions);
  let { activations } = batch;
  for (const stage of stages.slice(0, -1))
    activations = await runner.run(stage, sourceOf(subject), activations);
  const { data, dims } = activations["hidden"] ?? { data: new Float32Array(), dims: [0, 1] };
  const rows = rowsRead(firstPrompt(texts));
  return {
    texts: texts.length,
    paddedRows: batch.paddedRows,
    rows,
    width: dims[1] ?? 1,
    data: Float32Array.from(data),
  };
}

/** The logits of `count` texts, which are those of `hidden` again and again. */
async function headOutputs(
  subject: Subject,
  head: ModelStage,
  { texts, paddedRows: padded, rows, width, data }: HiddenRows,
  count: number,
): Promise<readonly Float32Array[]> {
  const size = padded * width;
  const many = new Float32Array(count * size);
  for (let text = 0; text < count; text += 1) {
    const from = (text % texts) * size;
    many.set(data.subarray(from, from + size), text * size);
  }
  const batch = {
    texts: Array.from({ length: count }, () => ({ rows })),
    paddedRows: padded,
    cost: 1,
    activations: {},
  };
  const found: Float32Array[] = [];
  const hidden = { data: many, dims: [count * padded, width] };
  const words = logitsPerRow(head, subject.description.tensors);
  await runHead(subject.runner, head, sourceOf(subject), words, [batch], [hidden], (_, text, logits) => {
    found[text] = logits.data.slice();
  });
  return found;
}

/** This thread and the workers, frozen stages kept and run anew: the same readings. */
async function checkWalkers(subject: Subject): Promise<void> {
  const { runner, description, weights, stages, reading } = subject;
  const positions = lengthsOf(subject)[0] ?? 1;
  const texts = testTexts(subject, positions, 3);
  const settingAt = (frozen: number): WalkSetting => ({
    tensors: description.tensors,
    weights,
    stages,
    frozen,
    reading,
  });
  const readAt = async (walker: Walker, frozen: number): Promise<readonly Reading[]> => {
    const batch = batchOf(subject, texts, [2, 0, 1], positions);
    const [hidden] = frozen === 0 ? [] : await walker.encode([batch]);
    const activations = { ...batch.activations, ...(hidden && { hidden }) };
    const [[readings = []] = []] = await walker.readings([{ ...batch, activations }], [{ sides: 1 }]);
    return readings;
  };
  const reference = await readAt(new LocalWalker(settingAt(0), runner), 0);
  for (const frozen of [0, 1, stages.length - 1]) {
    const walker = openWalker(settingAt(frozen), runner);
    const readings = await readAt(walker, frozen);
    await walker.release();
    if (readings.some((own, text) => !sameBits(own, reference[text] ?? []))) {
      throw failed(
        "The same text gave other numbers in a worker, or above kept stages.",
        "the same bits anywhere",
      );
    }
  }
}

function dependent(): RuntimeError {
  return failed("What a record gives depends on the other records of its batch.", "batch independence");
}

function failed(
  message: string,
  value: string,
  expected = "the runtime to compute what the executor asks for",
  next = "Nothing was trained. Please report it with the runtime's version and the output of `dpzo doctor`.",
): RuntimeError {
  return new RuntimeError("self-test-failed", { message, value, expected, next });
}
