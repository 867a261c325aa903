import { createCipheriv } from "node:crypto";

import { openCheckpoint } from "../../src/checkpoint/index.js";
import { memoryFolder, type MemoryFolder } from "../../src/files.js";
import { MemoryLedgerFile } from "../../src/ledger/index.js";
import { type TrainConfigInput, trainConfigSchema } from "../../src/plan/config.js";
import type { RandomBytes } from "../../src/sampling/index.js";
import type { TaskRecord } from "../../src/tasks/index.js";
import {
  type RunResult,
  train,
  type TrainEvent,
  type TrainRequest,
  type TrainResult,
  trainWithoutPrivacy,
} from "../../src/train/run.js";
import { tinyModel, tinyRecords, tinyTask } from "./tiny-model.js";
import { testRuntime } from "./runtime.js";

/** Settings under which the tiny model trains quickly. */
export const tinyConfig: TrainConfigInput = {
  epsilon: 8,
  delta: 1e-5,
  steps: 6,
  batch: 20,
  directions: 3,
  stages: 2,
  clip: 4,
  learningRate: 0.05,
  seed: 7,
  publicSize: 40,
};

/** What mezo does not have. */
export const mezoConfig = {
  method: "mezo",
  epsilon: undefined,
  directions: undefined,
  stages: undefined,
  clip: undefined,
} as const;

/** One AES-CTR key stream: unpredictable-looking bytes that a test can have twice. */
export function keystream(seed: number): RandomBytes {
  const key = Buffer.alloc(32);
  key.writeUInt32LE(seed);
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

/**
 * Secret bytes in two streams, membership and noise, so that a data set with one record more takes the same
 * noise and decides in the same way about the records that both have.
 */
export function pairedSecret(seed: number, records: number): RandomBytes {
  const noise = keystream(seed);
  let samples = 0;
  return (out) => {
    if (out.length !== 4 * records) {
      noise(out);
      return;
    }
    samples += 1;
    keystream(1_000_000 * (seed + 1) + samples)(out);
  };
}

/** Everything that a run lets anybody see. */
export interface TinyRun<Result = TrainResult> {
  readonly result: Result;
  readonly events: readonly TrainEvent[];
  readonly ledger: Uint8Array;
  readonly model: MemoryFolder;
}

export interface TinyRunOptions {
  readonly base?: MemoryFolder;
  readonly records?: readonly TaskRecord[];
  readonly config?: Partial<TrainConfigInput>;
  readonly secret?: RandomBytes;
  /** Bytes of a ledger to go on with. */
  readonly ledger?: Uint8Array;
  /** A public test set. */
  readonly evaluation?: readonly TaskRecord[];
  readonly stopRequested?: () => boolean;
}

/** A whole run of the library on the tiny model, in memory. */
export function tinyRun(options: TinyRunOptions = {}): Promise<TinyRun> {
  return runWith(train, options);
}

/** A whole run of mezo, which gives no privacy. */
export function tinyRunWithoutPrivacy(options: TinyRunOptions = {}): Promise<TinyRun<RunResult>> {
  return runWith(trainWithoutPrivacy, { ...options, config: { ...mezoConfig, ...options.config } });
}

async function runWith<Result>(
  run: (request: TrainRequest, randomness: { secret: RandomBytes }) => Promise<Result>,
  options: TinyRunOptions,
): Promise<TinyRun<Result>> {
  const { base = tinyModel(), records = tinyRecords(40), secret = keystream(1) } = options;
  const events: TrainEvent[] = [];
  const file = new MemoryLedgerFile(options.ledger && { bytes: options.ledger });
  const model = memoryFolder("model");
  const result = await run(
    {
      base: await openCheckpoint(base),
      runtime: testRuntime(),
      task: tinyTask,
      config: trainConfigSchema.parse({ ...tinyConfig, ...options.config }),
      records: each(records),
      files: { ledger: file, model, reopen: () => openCheckpoint(model) },
      ...(options.evaluation && { evaluation: each(options.evaluation) }),
      ...(options.stopRequested && { stopRequested: options.stopRequested }),
      onEvent: (event) => events.push(event),
    },
    { secret },
  );
  return { result, events, ledger: await file.readAll(), model };
}

export async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

/** The JSON objects of a ledger, header first. */
export function ledgerLines(bytes: Uint8Array): Record<string, unknown>[] {
  return new TextDecoder()
    .decode(bytes)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
