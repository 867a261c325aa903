import type { ModelDescription } from "../../src/model/description.js";
import { batchActivations } from "../../src/model/token-batch.js";
import { type Activations, type StageRunner, weightSource } from "../../src/runtime/stage-runner.js";

/** Every logit of texts of one length, as a flat list. */
export async function allLogits(
  runner: StageRunner,
  description: ModelDescription,
  weights: ReadonlyMap<string, Float32Array>,
  ids: readonly (readonly number[])[],
): Promise<readonly number[]> {
  const length = ids[0]?.length ?? 0;
  const records = ids.map((row) => ({
    inputIds: Int32Array.from(row),
    tokenTypeIds: new Int32Array(length),
    maskPosition: 0,
  }));
  let activations: Activations = batchActivations(description, records, length);
  for (const stage of description.stages({ kind: "all-logits" })) {
    activations = await runner.run(stage, weightSource(description, weights), activations);
  }
  return [...(activations["logits"]?.data ?? [])];
}

/** The largest difference between two lists. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  return Math.max(...a.map((value, at) => Math.abs(value - (b[at] ?? Infinity))));
}
