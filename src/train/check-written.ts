import type { Checkpoint, TensorDtype } from "../checkpoint/index.js";
import { valuesForReading } from "../model/weight-store.js";
import { TrainError } from "./errors.js";

/** Largest relative error of rounding to a dtype: half a unit in the last place, of 11 bits and of 8. */
const relativeRounding: Readonly<Record<TensorDtype, number>> = { F32: 0, F16: 2 ** -11, BF16: 2 ** -8 };
/** Half the smallest subnormal of float16; bfloat16's is smaller. */
const absoluteRounding = 2 ** -25;

/** What adapters make of the weights in memory. */
export interface AdaptedWeights {
  readonly merged: ReadonlyMap<string, Float32Array>;
  readonly tensors: readonly string[];
}

/**
 * Compares a checkpoint that was just written, and read again, with the weights in memory.
 *
 * @param adapted where there are adapters: the weights they were added to, as written, and the tensors in memory that
 *   are theirs and not the checkpoint's
 *
 * @throws {TrainError} `written-model-differs`, naming the tensor, beyond what the dtype's rounding explains.
 */
export function checkWritten(
  written: Checkpoint,
  read: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
  adapted: AdaptedWeights = { merged: new Map(), tensors: [] },
): void {
  const left = new Set(adapted.tensors);
  for (const name of expected.keys()) {
    if (left.has(name)) continue;
    const values = adapted.merged.get(name) ?? valuesForReading(expected, name) ?? new Float32Array();
    const dtype = written.tensors.get(name)?.dtype;
    const relative = dtype === "F16" || dtype === "BF16" ? relativeRounding[dtype] : 0;
    const absolute = relative === 0 ? 0 : absoluteRounding;
    const back = valuesForReading(read, name);
    const agrees = values.every(
      (value, index) =>
        // Infinities and NaN, which a base may hold, have no distance.
        Object.is(back?.[index], value) ||
        Math.abs((back?.[index] ?? Number.NaN) - value) <= Math.abs(value) * relative + absolute,
    );
    if (agrees) continue;
    throw new TrainError("written-model-differs", {
      message: `Tensor ${name} was written, and reads back as something else.`,
      value: name,
      next: "The ledger is whole. Check the disk, then run `dpzo replay` to write the model again.",
    });
  }
}
