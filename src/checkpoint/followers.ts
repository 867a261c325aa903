import type { Checkpoint } from "./checkpoint.js";
import { areEqual, type TiedAliases } from "./tied.js";

/**
 * What an untied checkpoint's second names become: the new values of the tensor they repeat.
 *
 * With `tie_word_embeddings` false an alias is a tensor of its own, which is not dropped. Where it holds the same data
 * as the tensor that was trained, it is a copy, and readers differ in which of the two they take (an untied BERT head's
 * two biases: transformers 4 has them as one, 5 reads `decoder.bias`), so the copy changes with it. Where it holds
 * other data, it is not what was trained, and it stays.
 */
export async function followers(
  base: Checkpoint,
  changed: ReadonlyMap<string, Float32Array>,
  aliases: TiedAliases,
): Promise<ReadonlyMap<string, Float32Array>> {
  const following = new Map<string, Float32Array>();
  if (base.config["tie_word_embeddings"] !== false) return following;
  for (const [alias, kept] of aliases) {
    const values = changed.get(kept);
    if (values === undefined || changed.has(alias) || !base.tensors.has(alias)) continue;
    if (await areEqual(base, alias, kept)) following.set(alias, values);
  }
  return following;
}
