import { isPlainFileName } from "../files.js";
import type { FolderReader } from "../files.js";
import { CheckpointError } from "./errors.js";
import type { TensorInfo } from "./header.js";
import { excerpt, isJsonObject, parseJsonObject } from "./json.js";
import { checkpointLimits } from "./limits.js";
import { readSmallFile } from "./side-files.js";

/** The file that says which shard holds which tensor. */
export const indexFileName = "model.safetensors.index.json";

/** An index, parsed. */
export interface ShardIndex {
  readonly bytes: Uint8Array;
  /** Shard names, sorted. */
  readonly shards: readonly string[];
  /** Tensor name to shard name. */
  readonly weightMap: ReadonlyMap<string, string>;
}

/** What the comparison needs of an open shard. */
interface Shard {
  readonly name: string;
  readonly header: { readonly tensors: readonly TensorInfo[] };
}

/**
 * Reads and checks the index by itself; the shards are not looked at.
 *
 * Only its `weight_map` is read. `metadata`, with its `total_size`, is for people: loaders do not read it, and tools leave
 * it out, null or wrong.
 */
export async function readIndex(folder: FolderReader): Promise<ShardIndex> {
  const where = `${folder.name}/${indexFileName}`;
  const bytes = await readSmallFile(folder, indexFileName, checkpointLimits.indexBytes);
  const { weight_map: weightMap } = parseJsonObject(bytes, where);
  const pairs = isJsonObject(weightMap) ? Object.entries(weightMap) : [];
  if (pairs.length === 0) throw badIndex(`${where} has no weight_map.`, "a map from tensor to shard");
  const map = new Map(pairs.map(([tensor, shard]) => [tensor, checkedShard(shard, tensor, where)]));
  const shards = [...new Set(map.values())].sort();
  if (shards.length > checkpointLimits.shards) {
    throw new CheckpointError("too-many-shards", {
      message: `${where} names ${shards.length} shards.`,
      value: shards.length,
      expected: `at most ${checkpointLimits.shards}`,
    });
  }
  return { bytes, shards, weightMap: map };
}

function badIndex(message: string, expected: string): CheckpointError {
  return new CheckpointError("bad-index", { message, expected });
}

/** The plain name; `./` before it, which some tools write, stays in the folder. */
function checkedShard(shard: unknown, tensor: string, where: string): string {
  const name = typeof shard === "string" ? shard.replace(/^(?:\.\/)+/u, "") : "";
  if (isPlainFileName(name) && name.endsWith(".safetensors")) return name;
  throw new CheckpointError("unsafe-shard-name", {
    message: `${where} puts tensor ${excerpt(tensor, 200)} into ${excerpt(shard)}.`,
    value: shard,
    expected: "a plain file name in the same folder that ends in .safetensors",
  });
}

/**
 * Compares the index with the headers of its shards.
 *
 * Names in the index that no shard holds are let pass: tools leave them when they take tied weights out. A model that
 * needs such a tensor is refused by its name when it is loaded.
 *
 * @throws {CheckpointError} codes `tensor-not-in-index`, `duplicate-tensor`.
 */
export function refuseInconsistentIndex(index: ShardIndex, shards: readonly Shard[]): void {
  for (const { name, header } of shards) {
    for (const tensor of header.tensors) {
      refuseMisplaced(tensor.name, name, index.weightMap.get(tensor.name));
    }
  }
}

function refuseMisplaced(tensor: string, shard: string, mapped: string | undefined): void {
  if (mapped === shard) return;
  const code = mapped === undefined ? "tensor-not-in-index" : "duplicate-tensor";
  const place = mapped === undefined ? "does not name it" : `puts it into ${mapped}`;
  throw new CheckpointError(code, {
    message: `Tensor ${JSON.stringify(tensor)} is in ${shard}, but ${indexFileName} ${place}.`,
    value: tensor,
    expected: "every tensor in the one shard that the index names",
  });
}
