import * as z from "zod";

import { batchActivations, type LoadedModel } from "../model/index.js";
import { RuntimeError } from "./errors.js";
import { type Activations, type StageRunner, weightSource } from "./stage-runner.js";

const goldenSchema = z.object({
  input_ids: z.array(z.array(z.number().int())).min(1),
  attention_mask: z.array(z.array(z.number().int())).min(1),
  token_type_ids: z.array(z.array(z.number().int())).optional(),
  logits_shape: z.tuple([z.number(), z.number(), z.number()]),
  logits_f32le_base64: z.string(),
});

/** Reference logits of a checkpoint, made with another implementation. */
export type Golden = z.infer<typeof goldenSchema>;

/**
 * Parses a golden file: `input_ids`, `attention_mask`, optional `token_type_ids`, `logits_shape`
 * [records, positions, vocabulary] and `logits_f32le_base64` (little-endian float32).
 *
 * @throws {RuntimeError} `golden-file` when it is not one.
 */
export function parseGolden(text: string): Golden {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = goldenSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RuntimeError("golden-file", {
    message: `The golden file is not in the expected form: ${parsed.error.issues[0]?.path.join(".") ?? ""}.`,
    expected: "input_ids, attention_mask, logits_shape and logits_f32le_base64",
  });
}

/**
 * Runs the golden inputs through the model and compares every logit where the mask is 1.
 *
 * @returns the largest absolute difference, and how many logits were compared
 */
export async function compareWithGolden(
  runner: StageRunner,
  { description, weights }: LoadedModel,
  golden: Golden,
): Promise<{ maxAbsDiff: number; compared: number }> {
  const [count, positions, vocabulary] = golden.logits_shape;
  const records = golden.input_ids.map((ids, index) => {
    const length = lengthOf(golden.attention_mask[index] ?? []);
    const types = golden.token_type_ids?.[index] ?? [];
    return {
      inputIds: Int32Array.from(ids.slice(0, length)),
      tokenTypeIds: Int32Array.from({ length }, (_, i) => types[i] ?? 0),
      maskPosition: 0,
    };
  });
  let activations: Activations = batchActivations(description, records, positions);
  for (const stage of description.stages({ kind: "all-logits" })) {
    activations = await runner.run(stage, weightSource(description, weights), activations);
  }
  const expected = floatsFromBase64(golden.logits_f32le_base64);
  const actual = activations["logits"]?.data ?? [];
  if (expected.length !== count * positions * vocabulary || actual.length !== expected.length) {
    throw new RuntimeError("golden-file", {
      message: `The model gives ${actual.length} logits, the golden file holds ${expected.length}.`,
      value: expected.length,
      expected: "a golden file made from this checkpoint",
    });
  }
  let maxAbsDiff = 0;
  let compared = 0;
  records.forEach(({ inputIds }, record) => {
    const start = record * positions * vocabulary;
    for (let at = start; at < start + inputIds.length * vocabulary; at += 1) {
      const difference = Math.abs((actual[at] ?? Number.NaN) - (expected[at] ?? Number.NaN));
      // A NaN anywhere must not pass for agreement.
      maxAbsDiff = Math.max(maxAbsDiff, Number.isNaN(difference) ? Infinity : difference);
      compared += 1;
    }
  });
  return { maxAbsDiff, compared };
}

/** Tokens before the padding; padding anywhere else would shift positions, which no model here is run with. */
function lengthOf(mask: readonly number[]): number {
  const length = mask.filter((bit) => bit === 1).length;
  if (mask.every((bit, at) => bit === (at < length ? 1 : 0))) return length;
  throw new RuntimeError("golden-file", {
    message: "The golden file has an attention mask that is not ones and then zeros.",
    expected: "padding on the right",
  });
}

function floatsFromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, index) => view.getFloat32(4 * index, true));
}
