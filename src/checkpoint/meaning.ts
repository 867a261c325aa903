import type { Checkpoint } from "./checkpoint.js";
import { CheckpointError } from "./errors.js";

/** What of a checkpoint says which files are beside its weights. */
type Folder = Pick<Checkpoint, "name" | "sideFile">;

/** Files by which loaders take the weights beside them for quantised ones. */
const quantisationFiles = ["quantize_config.json", "quant_config.json", "hf_quant_config.json"] as const;

/**
 * Refuses a folder in which another file makes something else of the weights than the network of `config.json`.
 *
 * What is refused, since nobody can say which of the two is meant:
 * - `adapter_config.json`: transformers runs base and adapter, and cannot open the folder without the adapter's weights.
 * - `quantize_config.json` and its like: loaders read the weights as quantised.
 *
 * What says so in `config.json` itself (`quantization_config`, `auto_map`) is refused where that is read.
 *
 * @returns remarks: what is beside the weights and is not part of what dpzo trains
 * @throws {CheckpointError} `adapter-in-folder`, `quantised-weights`
 */
export async function checkMeaning(folder: Folder): Promise<readonly string[]> {
  const holds = async (name: string): Promise<boolean> => (await folder.sideFile(name)) !== undefined;
  if (await holds("adapter_config.json")) throw adapterInFolder(folder.name);
  for (const name of quantisationFiles) if (await holds(name)) throw quantised(folder.name, name);
  const remarks: string[] = [];
  if (await holds("modules.json")) {
    remarks.push(
      `${folder.name} is a sentence-transformers model: its language model alone is run and trained, without pooling ` +
        "and what follows (modules.json); a result is a language model for transformers.",
    );
  }
  return remarks;
}

function adapterInFolder(name: string): CheckpointError {
  return new CheckpointError("adapter-in-folder", {
    message: `${name} has an adapter_config.json beside its weights: transformers would run the weights with that adapter, dpzo without it.`,
    value: "adapter_config.json",
    expected: "a checkpoint without an adapter, or with the adapter merged into it",
    next: "Merge it with PEFT (merge_and_unload, then save_pretrained), or take adapter_config.json and adapter_model.* out of the folder.",
  });
}

function quantised(name: string, file: string): CheckpointError {
  return new CheckpointError("quantised-weights", {
    message: `${name} has a ${file}, which says that its weights are quantised.`,
    value: file,
    expected: "the original weights in F32, F16 or BF16",
    next: "Quantised checkpoints cannot be trained; remove the file if the weights beside it are the original ones.",
  });
}
