import { readPieces } from "../files.js";
import type { FolderReader } from "../files.js";
import { CheckpointError } from "./errors.js";
import { checkpointLimits } from "./limits.js";

/** Formats of weights, archives and optimiser states: large, stale after training, or unsafe to open. */
const heavy =
  /\.(safetensors|bin|pt|pth|ckpt|pkl|pickle|h5|msgpack|onnx|onnx_data(_\d+)?|gguf|ggml|ot|npz|npy|mlmodel|tflite|tar|gz|zip)$|\.index\.json$/;

/** Files that describe the weights of the folder they lie in, and would be false beside other weights. */
const aboutTheseWeights = new Set([
  "golden.json",
  "ledger.jsonl",
  "metrics.json",
  "report.html",
  "README.base.md",
]);

/**
 * Files that make more, or something else, of the weights beside them, together with files and folders that a copy does
 * not have: an adapter's weights, the folders of sentence-transformers, kernels for quantised weights. With them and
 * without the rest a copy could not be opened. A file called `adapter` would stand where a result has a folder.
 */
const aboutOtherModels = new Set([
  "adapter",
  "adapter_config.json",
  "modules.json",
  "config_sentence_transformers.json",
  "sentence_bert_config.json",
  "quantize_config.json",
  "quant_config.json",
  "hf_quant_config.json",
]);

/** The model card of the input, and what it is called in the output, whose own card comes from its writer. */
const card = { from: "README.md", to: "README.base.md" } as const;

/** Where a side file goes in the output, or `undefined` when it stays behind. */
export function carriedName(name: string): string | undefined {
  if (name.startsWith(".") || heavy.test(name)) return undefined;
  if (aboutTheseWeights.has(name) || aboutOtherModels.has(name)) return undefined;
  return name === card.from ? card.to : name;
}

/**
 * Reads a whole file that should be small.
 *
 * @throws {CheckpointError} code `file-too-large`; nothing is read then.
 */
export async function readSmallFile(
  folder: FolderReader,
  name: string,
  maxBytes: number = checkpointLimits.sideFileBytes,
): Promise<Uint8Array> {
  const file = await folder.open(name);
  try {
    if (file.size > maxBytes) {
      throw new CheckpointError("file-too-large", {
        message: `${file.name} has ${file.size} bytes.`,
        value: file.size,
        expected: `at most ${maxBytes}`,
      });
    }
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** The bytes of one file of `folder`, piece by piece. */
export async function* streamFile(folder: FolderReader, name: string): AsyncGenerator<Uint8Array> {
  const file = await folder.open(name);
  try {
    yield* readPieces(file, 0, file.size);
  } finally {
    await file.close();
  }
}
