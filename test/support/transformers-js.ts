import { AutoModelForCausalLM, AutoModelForMaskedLM, env, Tensor } from "@huggingface/transformers";
import { basename, dirname } from "node:path";

import type { Golden } from "../../src/runtime/golden.js";

env.allowRemoteModels = false;
env.useFSCache = false;
env.useBrowserCache = false;

/** What the tests use of a model in transformers.js. */
export interface LoadedElsewhere {
  (inputs: Record<string, Tensor>): Promise<{ logits: { dims: number[]; data: Float32Array } }>;
  generate(options: Record<string, unknown>): Promise<{ data: BigInt64Array }>;
  dispose(): Promise<unknown>;
}

/** Loads an exported folder with `@huggingface/transformers`, from this disk alone. */
export async function loadWithTransformersJs(
  folder: string,
  kind: "masked-lm" | "causal-lm",
): Promise<LoadedElsewhere> {
  env.localModelPath = dirname(folder);
  const auto = kind === "causal-lm" ? AutoModelForCausalLM : AutoModelForMaskedLM;
  return (await auto.from_pretrained(basename(folder))) as unknown as LoadedElsewhere;
}

/** Rows of whole numbers as the int64 tensor that these models take. */
export function longs(rows: readonly (readonly number[])[]): Tensor {
  const data = BigInt64Array.from(rows.flat(), BigInt);
  return new Tensor("int64", data, [rows.length, rows[0]?.length ?? 0]);
}

/** A golden file's inputs. */
export function goldenInputs(golden: Golden): Record<string, Tensor> {
  return {
    input_ids: longs(golden.input_ids),
    attention_mask: longs(golden.attention_mask),
    ...(golden.token_type_ids && { token_type_ids: longs(golden.token_type_ids) }),
  };
}

/** The largest difference where the mask is 1, and how many logits were compared. */
export function goldenDifference(
  golden: Golden,
  logits: ArrayLike<number>,
): { compared: number; largest: number } {
  const bytes = Buffer.from(golden.logits_f32le_base64, "base64");
  const [, positions, vocabulary] = golden.logits_shape;
  let compared = 0;
  let largest = 0;
  for (let at = 0; at < logits.length; at += 1) {
    const row = Math.floor(at / vocabulary);
    if (golden.attention_mask[Math.floor(row / positions)]?.[row % positions] !== 1) continue;
    const difference = Math.abs((logits[at] ?? Number.NaN) - bytes.readFloatLE(4 * at));
    // A NaN anywhere must not pass for agreement.
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
    compared += 1;
  }
  return { compared, largest };
}
