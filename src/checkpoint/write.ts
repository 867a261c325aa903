import { concatBytes, type FolderWriter, oneChunk } from "../files.js";
import type { Checkpoint } from "./checkpoint.js";
import { encodeWeights, isWeightDtype } from "./dtype.js";
import { CheckpointError } from "./errors.js";
import type { TensorInfo } from "./header.js";
import { isJsonObject, parseJsonObject } from "./json.js";
import { followers } from "./followers.js";
import { serialiseHeader } from "./serialise.js";
import { indexFileName } from "./shards.js";
import { droppedAliases } from "./tied.js";
import type { TiedAliases } from "./tied.js";
import type { WeightFile } from "./weights.js";
import { configInFloat32, overflowingTensors } from "./widen.js";

/** How a checkpoint is written. */
export interface WriteCheckpointOptions {
  /** Alias to kept name: an alias equal to the kept tensor is not written again, or, where untied, follows it. */
  readonly tiedAliases?: TiedAliases;
  /**
   * What becomes of a changed tensor with a value too large for its 16-bit format: `refuse`, which is what happens unless
   * told, or `widen`: it is stored as F32, and `config.json` says that the model is loaded in float32.
   */
  readonly overflow?: "refuse" | "widen";
}

/**
 * Writes a checkpoint like `base` with some tensors changed.
 *
 * Guarantees:
 * - Names, shapes, dtypes, order, metadata, shards and side files are those of the input; metadata has
 *   `format: pt` also when the input had none, because transformers asks for it.
 * - The same input gives the same bytes; with nothing changed the weight files of the reference
 *   implementation come out byte for byte.
 * - With `overflow: "widen"` a finite value is never lost: what 16 bits cannot hold makes its tensor F32.
 * - Memory stays near one tensor; config.json is written last, so a folder cut short does not open.
 *
 * @param changed - float32 values by tensor name, the length of the tensor; rounded to nearest, ties to even.
 * @throws {CheckpointError} codes `missing-tensor`, `not-a-weight`, `length-mismatch`, `not-finite`,
 *   `overflow`, `tied-tensors-differ`.
 * @example
 * await writeCheckpoint(nodeFolderWriter("out"), base, new Map([["cls.predictions.bias", bias]]));
 */
export async function writeCheckpoint(
  out: FolderWriter,
  base: Checkpoint,
  changed: ReadonlyMap<string, Float32Array>,
  options: WriteCheckpointOptions = {},
): Promise<void> {
  for (const [name, values] of changed) refuseMisfit(base, name, values);
  const dropped = await droppedAliases(base, changed, options.tiedAliases ?? new Map());
  const values = new Map([...changed, ...(await followers(base, changed, options.tiedAliases ?? new Map()))]);
  const widened = new Set(options.overflow === "widen" ? overflowingTensors(base, values) : []);
  const kept = new Map(
    [...base.tensors]
      .filter(([name]) => !dropped.has(name))
      .map(([name, tensor]) => [name, widened.has(name) ? inFloat32(tensor) : tensor]),
  );
  for (const [name, carried] of await base.sideFiles()) {
    if (name !== "config.json") await out.write(carried, base.readSideFile(name));
  }
  for (const file of base.weights.files.values()) {
    const tensors = file.header.tensors.flatMap(({ name }) => kept.get(name) ?? []);
    // A shard whose every tensor was an alias has nothing to hold and is in no index.
    if (tensors.length > 0 || !base.weights.index) {
      await out.write(file.name, weightFile(base, file, tensors, values));
    }
  }
  const { index, isIndexExact } = base.weights;
  const isCurrent = isIndexExact && dropped.size === 0 && widened.size === 0;
  if (index) await out.write(indexFileName, oneChunk(isCurrent ? index : reindex(index, kept)));
  const config = base.readSideFile("config.json");
  await out.write("config.json", widened.size === 0 ? config : inOneFloat32(config));
}

function inFloat32(tensor: TensorInfo): TensorInfo {
  return { ...tensor, dtype: "F32", bytes: 4 * tensor.elements };
}

async function* inOneFloat32(config: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of config) pieces.push(piece);
  yield configInFloat32(concatBytes(pieces));
}

function refuseMisfit(base: Checkpoint, name: string, values: Float32Array): void {
  const tensor = base.tensors.get(name);
  if (tensor === undefined) {
    throw new CheckpointError("missing-tensor", {
      message: `Tensor ${JSON.stringify(name)} was changed, but ${base.name} has no such tensor.`,
      value: name,
    });
  }
  if (!isWeightDtype(tensor.dtype)) {
    throw new CheckpointError("not-a-weight", {
      message: `Tensor ${JSON.stringify(name)} was changed, but is ${tensor.dtype}.`,
      value: tensor.dtype,
      expected: "F32, F16 or BF16",
    });
  }
  if (tensor.elements === values.length) return;
  throw new CheckpointError("length-mismatch", {
    message: `Tensor ${JSON.stringify(name)} was changed to ${values.length} values.`,
    value: values.length,
    expected: `${tensor.elements}, for shape [${tensor.shape.join()}]`,
  });
}

async function* weightFile(
  base: Checkpoint,
  file: WeightFile,
  tensors: readonly TensorInfo[],
  changed: ReadonlyMap<string, Float32Array>,
): AsyncGenerator<Uint8Array> {
  const { metadata } = file.header;
  yield serialiseHeader(
    tensors,
    metadata.has("format") ? metadata : new Map([["format", "pt"], ...metadata]),
  );
  for (const tensor of tensors) {
    const values = changed.get(tensor.name);
    if (values === undefined) yield* base.readRaw(tensor.name);
    else if (isWeightDtype(tensor.dtype)) {
      yield encodeWeights(tensor.dtype, values, `tensor ${JSON.stringify(tensor.name)}`);
    }
  }
}

/** The index without the dropped names, in the form transformers writes: sorted keys, two blanks, a newline. */
function reindex(index: Uint8Array, kept: ReadonlyMap<string, TensorInfo>): Uint8Array {
  const parsed = parseJsonObject(index, indexFileName)["metadata"];
  const old = isJsonObject(parsed) ? parsed : {};
  const sum = (size: (tensor: TensorInfo) => number) =>
    [...kept.values()].reduce((total, tensor) => total + size(tensor), 0);
  const metadata: Record<string, unknown> = { ...old, total_size: sum((tensor) => tensor.bytes) };
  if ("total_parameters" in old) metadata["total_parameters"] = sum((tensor) => tensor.elements);
  const lines = [...kept.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, file }) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`);
  const head = JSON.stringify(metadata, Object.keys(metadata).sort(), 2).replaceAll("\n", "\n  ");
  return new TextEncoder().encode(
    `{\n  "metadata": ${head},\n  "weight_map": {\n${lines.join(",\n")}\n  }\n}\n`,
  );
}
