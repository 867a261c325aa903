import { assertPlainFileName, readPieces } from "../files.js";
import type { FolderReader } from "../files.js";
import { checkpointDigest } from "./digest.js";
import type { CreateHash } from "./digest.js";
import { decodeWeights, isWeightDtype } from "./dtype.js";
import { CheckpointError } from "./errors.js";
import type { TensorInfo } from "./header.js";
import { parseJsonObject } from "./json.js";
import { checkpointLimits } from "./limits.js";
import { carriedName, readSmallFile, streamFile } from "./side-files.js";
import { closeAll, openWeights } from "./weights.js";
import type { WeightFiles } from "./weights.js";

/** An open Hugging Face checkpoint folder; weights are read when asked for. */
export interface Checkpoint {
  /** The folder, as messages should call it. */
  readonly name: string;
  /** config.json, parsed. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By name, in file order. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The weight files: names, headers, and the index when sharded. */
  readonly weights: WeightFiles;
  /** One tensor widened to float32, exactly. */
  read(name: string): Promise<Float32Array>;
  /** One tensor's stored bytes, piece by piece. */
  readRaw(name: string): AsyncGenerator<Uint8Array>;
  /** SHA-256 over config.json and all tensors, in hexadecimal; the same whether sharded or not. */
  digest(): Promise<string>;
  /** A file of the folder that is not weights (tokenizer.json, ...), or `undefined` when there is none. */
  sideFile(name: string): Promise<Uint8Array | undefined>;
  /** Names of the files a copy of the checkpoint keeps, with the names they get there. */
  sideFiles(): Promise<ReadonlyMap<string, string>>;
  /** A side file, piece by piece. */
  readSideFile(name: string): AsyncGenerator<Uint8Array>;
  /** The folder `adapter` in it, which need not be there. */
  readonly adapterFolder: FolderReader;
  close(): Promise<void>;
}

/** What can be injected. */
export interface OpenCheckpointOptions {
  /** A faster SHA-256 for `digest`; the default is portable JavaScript. */
  readonly createHash?: CreateHash;
}

/**
 * Opens a Hugging Face folder: config.json and model.safetensors, sharded or not.
 *
 * Guarantees: when it returns, every weight file's header has been checked, alone and against the index, so
 * that each tensor in `tensors` can be read; no weights have been read yet.
 *
 * @throws {CheckpointError} see docs/checkpoints.md for the code of each defect.
 * @throws {FileError} when the folder or a file cannot be read.
 * @example
 * const checkpoint = await openCheckpoint(nodeFolderReader("models/minilm-mlm"));
 * const bias = await checkpoint.read("bert.embeddings.LayerNorm.bias"); // Float32Array of 384
 */
export async function openCheckpoint(
  folder: FolderReader,
  options: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const configBytes = await readConfig(folder);
  const config = parseJsonObject(configBytes, `${folder.name}/config.json`);
  const weights = await openWeights(folder);
  const { tensors } = weights;
  const readRaw = (name: string): AsyncGenerator<Uint8Array> => {
    const { tensor, file } = find(folder.name, weights, name);
    return readPieces(file, tensor.offset, tensor.bytes);
  };
  return {
    name: folder.name,
    config,
    tensors,
    weights,
    read: (name) => readWeights(folder.name, weights, name),
    readRaw,
    digest: () =>
      checkpointDigest(configBytes, tensors.values(), ({ name }) => readRaw(name), options.createHash),
    sideFile: (name) => sideFile(folder, name),
    sideFiles: async () => carried(await folder.list()),
    readSideFile: (name) => streamFile(folder, name),
    adapterFolder: folder.folder("adapter"),
    close: () => closeAll(weights.files),
  };
}

async function readConfig(folder: FolderReader): Promise<Uint8Array> {
  const names = await folder.list();
  if (names.includes("config.json")) {
    return readSmallFile(folder, "config.json", checkpointLimits.configBytes);
  }
  throw new CheckpointError("missing-config", {
    message: `${folder.name} has no config.json.`,
    value: folder.name,
    expected: "a Hugging Face checkpoint folder",
    next: `It holds ${names.length === 0 ? "no files" : names.slice(0, 8).join(", ")}.`,
  });
}

function find(folder: string, weights: WeightFiles, name: string) {
  const tensor = weights.tensors.get(name);
  const file = tensor && weights.files.get(tensor.file)?.file;
  if (tensor !== undefined && file !== undefined) return { tensor, file };
  throw new CheckpointError("missing-tensor", {
    message: `${folder} has no tensor ${JSON.stringify(name)} among its ${weights.tensors.size}.`,
    value: name,
    next: "config.json may describe another architecture than the weights.",
  });
}

async function readWeights(folder: string, weights: WeightFiles, name: string): Promise<Float32Array> {
  const { tensor, file } = find(folder, weights, name);
  if (!isWeightDtype(tensor.dtype)) {
    throw new CheckpointError("not-a-weight", {
      message: `Tensor ${JSON.stringify(name)} of ${file.name} is ${tensor.dtype}.`,
      value: tensor.dtype,
      expected: "F32, F16 or BF16",
      next: "Quantised checkpoints cannot be trained; use the original weights.",
    });
  }
  return decodeWeights(tensor.dtype, await file.read(tensor.offset, tensor.bytes));
}

async function sideFile(folder: FolderReader, name: string): Promise<Uint8Array | undefined> {
  assertPlainFileName(folder.name, name);
  if (!(await folder.list()).includes(name)) return undefined;
  return readSmallFile(folder, name);
}

function carried(names: readonly string[]): ReadonlyMap<string, string> {
  const pairs = names.map((name) => [name, carriedName(name)] as const);
  return new Map(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
