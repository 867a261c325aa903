import type { FolderReader, RandomAccessFile } from "../files.js";
import { CheckpointError } from "./errors.js";
import { readSafetensorsHeader } from "./header.js";
import type { SafetensorsHeader, TensorInfo } from "./header.js";
import { indexFileName, readIndex, refuseInconsistentIndex } from "./shards.js";

/** The one weight file of a checkpoint that is not sharded. */
export const singleFileName = "model.safetensors";

/** One weight file, open. */
export interface WeightFile {
  /** Name in the folder. */
  readonly name: string;
  readonly file: RandomAccessFile;
  readonly header: SafetensorsHeader;
}

/** All weight files of a folder, open and checked against each other. */
export interface WeightFiles {
  readonly files: ReadonlyMap<string, WeightFile>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Bytes of the index, when sharded. */
  readonly index: Uint8Array | undefined;
  /** Whether the index names these tensors and no others. */
  readonly isIndexExact: boolean;
}

/** Names that mean pickled or foreign weights; what they are is said in the error. */
const foreignWeights = /\.(bin|pt|pth|ckpt|pkl|h5|msgpack|gguf|onnx|npz)$/;

/** Opens and checks the weights of a folder, sharded or not; on an error everything is closed again. */
export async function openWeights(folder: FolderReader): Promise<WeightFiles> {
  const names = await folder.list();
  const index = await chooseLayout(folder, names);
  const files = new Map<string, WeightFile>();
  try {
    for (const name of index?.shards ?? [singleFileName]) {
      files.set(name, await openOne(folder, names, name));
    }
    if (index !== undefined) refuseInconsistentIndex(index, [...files.values()]);
    const tensors = joinTensors(files);
    return { files, tensors, index: index?.bytes, isIndexExact: index?.weightMap.size === tensors.size };
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

/** Closes every file. */
export async function closeAll(files: ReadonlyMap<string, WeightFile>): Promise<void> {
  for (const { file } of files.values()) await file.close();
}

async function chooseLayout(folder: FolderReader, names: readonly string[]) {
  const isSingle = names.includes(singleFileName);
  const index = names.includes(indexFileName) ? await readIndex(folder) : undefined;
  // Some tools write an index for one file, too.
  if (isSingle && index !== undefined && index.shards.join() !== singleFileName) {
    throw new CheckpointError("ambiguous-weights", {
      message: `${folder.name} has both ${singleFileName} and ${indexFileName}.`,
      expected: "one of them",
      next: "Remove the one that is not meant.",
    });
  }
  if (index === undefined && !isSingle) throw noWeights(folder.name, names);
  return index;
}

function noWeights(folder: string, names: readonly string[]): CheckpointError {
  const foreign = names.filter((name) => foreignWeights.test(name));
  if (foreign.length === 0) {
    return new CheckpointError("no-weights", {
      message: `${folder} has no weights; tried ${singleFileName} and ${indexFileName}.`,
      value: folder,
      expected: "a Hugging Face checkpoint folder",
    });
  }
  return new CheckpointError("pickle-only", {
    message: `${folder} has its weights only as ${foreign.slice(0, 3).join(", ")}, which dpzo does not read: a pickle can run code when it is opened, and the other formats are not training checkpoints.`,
    value: foreign[0],
    expected: singleFileName,
    next: "Convert once in Python: AutoModel.from_pretrained(DIR).save_pretrained(OUT, safe_serialization=True) with the model's own Auto class (for example AutoModelForMaskedLM).",
  });
}

async function openOne(folder: FolderReader, names: readonly string[], name: string): Promise<WeightFile> {
  if (!names.includes(name)) {
    throw new CheckpointError("missing-shard", {
      message: `${indexFileName} of ${folder.name} names the shard ${name}, which is not in the folder.`,
      value: name,
      next: "Download the missing file.",
    });
  }
  const file = await folder.open(name);
  try {
    return { name, file, header: await readSafetensorsHeader(file, name) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function joinTensors(files: ReadonlyMap<string, WeightFile>): ReadonlyMap<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const { header, file } of files.values()) {
    for (const tensor of header.tensors) {
      const other = tensors.get(tensor.name);
      if (other !== undefined) {
        throw new CheckpointError("duplicate-tensor", {
          message: `Tensor ${JSON.stringify(tensor.name)} is in ${other.file} and again in ${file.name}.`,
          value: tensor.name,
          expected: "every tensor in one shard",
        });
      }
      tensors.set(tensor.name, tensor);
    }
  }
  return tensors;
}
