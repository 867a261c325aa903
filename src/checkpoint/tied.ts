import type { Checkpoint } from "./checkpoint.js";
import { encodeWeights, isWeightDtype } from "./dtype.js";
import { CheckpointError } from "./errors.js";

/** Names that mean the same weights: alias to the name that is kept. */
export type TiedAliases = ReadonlyMap<string, string>;

/**
 * The aliases that are not written, because the tensor they repeat is.
 *
 * An alias is dropped when both names are in the checkpoint, config.tie_word_embeddings is not false, and
 * both hold the same data; a changed kept tensor changes its alias with it.
 *
 * @throws {CheckpointError} code `tied-tensors-differ` when both are there and are not the same.
 */
export async function droppedAliases(
  base: Checkpoint,
  changed: ReadonlyMap<string, Float32Array>,
  aliases: TiedAliases,
): Promise<ReadonlySet<string>> {
  const dropped = new Set<string>();
  if (base.config["tie_word_embeddings"] === false) return dropped;
  for (const [alias, kept] of aliases) {
    if (!base.tensors.has(alias) || !base.tensors.has(kept)) continue;
    if (!(await areEqual(base, alias, kept)) || !followsKept(base, changed, alias, kept)) {
      throw new CheckpointError("tied-tensors-differ", {
        message: `config.json of ${base.name} ties ${JSON.stringify(alias)} to ${JSON.stringify(kept)}, but they hold different data.`,
        value: alias,
        expected: "the same dtype, shape and data, or tie_word_embeddings: false",
      });
    }
    dropped.add(alias);
  }
  return dropped;
}

/**
 * Refuses tied tensors that differ, as {@link droppedAliases} would when the checkpoint is written.
 *
 * @throws {CheckpointError} code `tied-tensors-differ`
 */
export async function refuseDifferingTies(base: Checkpoint, aliases: TiedAliases): Promise<void> {
  await droppedAliases(base, new Map(), aliases);
}

/** Whether two tensors have the same dtype, shape and bytes. */
export async function areEqual(base: Checkpoint, alias: string, kept: string): Promise<boolean> {
  const [a, b] = [base.tensors.get(alias), base.tensors.get(kept)];
  if (a?.dtype !== b?.dtype || a?.shape.join() !== b?.shape.join()) return false;
  const other = base.readRaw(kept);
  for await (const piece of base.readRaw(alias)) {
    const next: IteratorResult<Uint8Array, void> = await other.next();
    if (next.done === true || !sameBytes(piece, next.value)) return false;
  }
  return true;
}

function followsKept(
  base: Checkpoint,
  changed: ReadonlyMap<string, Float32Array>,
  alias: string,
  kept: string,
): boolean {
  const [a, b] = [changed.get(alias), changed.get(kept)];
  if (a === undefined || a === b) return true;
  const dtype = base.tensors.get(kept)?.dtype;
  if (b === undefined || dtype === undefined || !isWeightDtype(dtype)) return false;
  return sameBytes(encodeWeights(dtype, a, alias), encodeWeights(dtype, b, kept));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
