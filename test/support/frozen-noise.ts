import { openCheckpoint } from "../../src/checkpoint/index.js";
import { memoryFolder, type MemoryFolder } from "../../src/files.js";
import { MemoryLedgerFile } from "../../src/ledger/index.js";
import { type TaskConfig, type TrainConfigInput, trainConfigSchema } from "../../src/plan/config.js";
import { latticeSensitivity } from "../../src/plan/plan.js";
import type { InferenceRuntime } from "../../src/runtime/runtime.js";
import type { RandomBytes } from "../../src/sampling/index.js";
import type { TaskRecord } from "../../src/tasks/index.js";
import { train } from "../../src/train/run.js";
import { each, keystream, ledgerLines } from "./tiny-run.js";

/** A record, or one record of a unit, whose membership in each step is decided by its key and not by its place. */
export interface KeyedRecord extends TaskRecord {
  readonly key: string;
}

/** Whether a key is sampled in the run's n-th sample, from 1. */
export type Sampled = (key: string, sample: number) => boolean;

/**
 * Secret bytes for one run: noise from one stream, and for each key membership draws of its own.
 *
 * So data sets with a key more, wherever it stands, get the same noise and decide alike about the keys both have. It goes
 * by how the sampler asks: four bytes a unit, in one request a step.
 *
 * @param keys those of the units in their order
 */
export function keyedSecret(seed: number, keys: readonly string[], sampled: Sampled): RandomBytes {
  const noise = keystream(seed);
  let sample = 0;
  return (out) => {
    if (out.length !== 4 * keys.length) {
      noise(out);
      return;
    }
    sample += 1;
    keys.forEach((key, index) => {
      // 0 is below every numerator, 2^32 - 1 below the whole rate alone.
      out.fill(sampled(key, sample) ? 0 : 255, 4 * index, 4 * index + 4);
    });
  };
}

/** A whole run whose secret bytes are chosen. */
export interface FrozenRun {
  readonly base: MemoryFolder;
  readonly runtime: InferenceRuntime;
  readonly task: TaskConfig;
  readonly config: TrainConfigInput;
  readonly records: readonly KeyedRecord[];
  readonly sampled: Sampled;
  readonly seed?: number;
  /** A ledger to go on with. */
  readonly ledger?: Uint8Array;
  /** Steps to make; all that are left unless told. */
  readonly steps?: number;
}

/** The released values of each step that the ledger holds at the end, and the ledger. */
export interface Released {
  readonly values: readonly (readonly number[])[];
  readonly ledger: Uint8Array;
}

/** Runs `train` with the same secret bytes for the same keys. */
export async function frozenRun(run: FrozenRun): Promise<Released> {
  const { base, records, config, seed = 1, steps = Infinity } = run;
  const keys = [...new Set(records.map(({ key }) => key))];
  if (config.unit === undefined && keys.length !== records.length) throw new Error("a key stands twice");
  const file = new MemoryLedgerFile(run.ledger && { bytes: run.ledger });
  const model = memoryFolder("model");
  let done = 0;
  await train(
    {
      base: await openCheckpoint(base),
      runtime: run.runtime,
      task: run.task,
      config: trainConfigSchema.parse(config),
      records: each(records.map(({ key, ...record }) => ({ ...record, unit: key }))),
      files: { ledger: file, model, reopen: () => openCheckpoint(model) },
      stopRequested: () => done >= steps,
      onEvent: ({ kind }) => {
        if (kind === "step") done += 1;
      },
    },
    { secret: keyedSecret(seed, keys, run.sampled) },
  );
  const ledger = await file.readAll();
  const values = ledgerLines(ledger)
    .slice(1)
    .map((line) => line["values"] as number[]);
  return { values, ledger };
}

/** The first `steps` steps of a ledger. */
export function ledgerPrefix(ledger: Uint8Array, steps: number): Uint8Array {
  const lines = new TextDecoder().decode(ledger).split("\n");
  return new TextEncoder().encode(`${lines.slice(0, 1 + steps).join("\n")}\n`);
}

/** a - b, in exact integers. */
export function gap(a: readonly number[], b: readonly number[]): readonly bigint[] {
  if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} values`);
  return a.map((value, k) => BigInt(value) - BigInt(b[k] ?? Number.NaN));
}

/** Whether a vector of integers has an L2 norm of at most N, in exact integers. */
export function withinSensitivity(vector: readonly bigint[]): boolean {
  return vector.reduce((sum, value) => sum + value * value, 0n) <= BigInt(latticeSensitivity) ** 2n;
}

/** The norm in units of N, for messages alone. */
export function inSensitivities(vector: readonly bigint[]): number {
  return Math.hypot(...vector.map(Number)) / latticeSensitivity;
}
