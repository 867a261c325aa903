import { firstNonFinite } from "../checkpoint/index.js";
import { valuesForReading } from "../model/weight-store.js";
import { TrainError } from "./errors.js";

/**
 * Refuses weights that are not finite any more: every further step would buy noise.
 *
 * Weights are a function of base and ledger, so that this says nothing about a record, and stopping costs no epsilon.
 *
 * @param tensors the names to look at; those that `weights` does not have are passed over
 * @throws {TrainError} `diverged`, naming the tensor
 */
export function refuseDiverged(weights: ReadonlyMap<string, Float32Array>, tensors: Iterable<string>): void {
  for (const name of new Set(tensors)) {
    const values = valuesForReading(weights, name);
    const at = values === undefined ? -1 : firstNonFinite(values);
    if (at < 0) continue;
    throw new TrainError("diverged", {
      message: `Element ${at} of tensor ${JSON.stringify(name)} is ${String(values?.[at])} after the steps so far: the run diverged.`,
      value: name,
      next: "The ledger is whole, and states what was spent. Begin another run with a smaller --learning-rate.",
    });
  }
}
