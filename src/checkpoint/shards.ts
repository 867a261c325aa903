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
  readonly totalSize: number | undefined;
}

/** What the comparison needs of an open shard. */
interface Shard {
  readonly name: string;
  readonly header: { readonly tensors: readonly TensorInfo[] };
}

/** Reads and checks the index by itself; the shards are not looked at. */
export async function readIndex(folder: FolderReader): Promise<ShardIndex> {
  const where = `${folder.name}/${indexFileName}`;
  const bytes = await readSmallFile(folder, indexFileName, checkpointLimits.indexBytes);
  const { weight_map: weightMap, metadata } = parseJsonObject(bytes, where);
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
  return { bytes, shards, weightMap: map, totalSize: readTotalSize(metadata, where) };
}

function badIndex(message: string, expected: string): CheckpointError {
  return new CheckpointError("bad-index", { message, expected });
}

function checkedShard(shard: unknown, tensor: string, where: string): string {
  if (typeof shard === "string" && isPlainFileName(shard) && shard.endsWith(".safetensors")) return shard;
  throw new CheckpointError("unsafe-shard-name", {
    message: `${where} puts tensor ${JSON.stringify(tensor.slice(0, 200))} into ${excerpt(shard)}.`,
    value: shard,
    expected: "a plain file name in the same folder that ends in .safetensors",
  });
}

function readTotalSize(metadata: unknown, where: string): number | undefined {
  if (metadata === undefined) return undefined;
  if (!isJsonObject(metadata)) throw badIndex(`metadata of ${where} is not an object.`, "an object");
  const size = Object.hasOwn(metadata, "total_size") ? metadata["total_size"] : undefined;
  if (size === undefined) return undefined;
  if (Number.isSafeInteger(size) && (size as number) >= 0) return size as number;
  throw badIndex(`metadata.total_size of ${where} is ${excerpt(size)}.`, "a whole number of bytes");
}

/**
 * Compares the index with the headers of its shards.
 *
 * @throws {CheckpointError} codes `missing-tensor`, `tensor-not-in-index`, `duplicate-tensor`, `total-size-mismatch`.
 */
export function refuseInconsistentIndex(index: ShardIndex, shards: readonly Shard[]): void {
  const found = new Set<string>();
  let total = 0;
  for (const { name, header } of shards) {
    for (const tensor of header.tensors) {
      refuseMisplaced(tensor.name, name, index.weightMap.get(tensor.name));
      found.add(tensor.name);
      total += tensor.bytes;
    }
  }
  for (const [tensor, shard] of index.weightMap) {
    if (!found.has(tensor)) throw absent(tensor, shard);
  }
  if (index.totalSize === undefined || index.totalSize === total) return;
  throw new CheckpointError("total-size-mismatch", {
    message: `metadata.total_size of ${indexFileName} is ${index.totalSize}, but the tensors of the shards have ${total} bytes.`,
    value: index.totalSize,
    expected: `${total}`,
    next: "A shard was replaced or the index edited; download the folder again.",
  });
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

function absent(tensor: string, shard: string): CheckpointError {
  return new CheckpointError("missing-tensor", {
    message: `${indexFileName} puts tensor ${JSON.stringify(tensor)} into ${shard}, which does not hold it.`,
    value: tensor,
    next: "Download the folder again.",
  });
}
