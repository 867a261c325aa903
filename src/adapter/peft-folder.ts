import { serialiseHeader } from "../checkpoint/index.js";
import { type FolderWriter, textChunk } from "../files.js";
import type { LoraLayout } from "../model/index.js";
import type { PeftFolder } from "./folder-source.js";
import { sortedJson, writePrefixFolder } from "./prefix-folder.js";

export type { PeftFolder } from "./folder-source.js";

/**
 * Writes the adapters as PEFT reads them: `adapter_config.json` and `adapter_model.safetensors`, float32.
 *
 * Guarantees:
 * - A pure function of its inputs, byte for byte.
 * - On the base it gives the logits of the merged checkpoint before that was rounded to its dtype: head and norms that
 *   were trained come along as `modules_to_save`.
 */
export async function writePeftFolder(out: FolderWriter, folder: PeftFolder): Promise<void> {
  const { adapter } = folder.description;
  if (adapter === undefined) return;
  if (!("modules" in adapter)) {
    await writePrefixFolder(out, folder, adapter);
    return;
  }
  const saved = savedModules(folder);
  const entries = [
    ...adapter.tensors.map((tensor) => ({ name: tensor, tensor })),
    ...saved.flatMap(({ tensors }) => tensors),
  ]
    .map(({ name, tensor }) => ({ name: `base_model.model.${transformersName(folder, name)}`, tensor }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  await out.write("adapter_model.safetensors", tensorFile(folder, entries));
  const config = loraConfig(
    folder,
    adapter,
    saved.map(({ module }) => module),
  );
  await out.write("adapter_config.json", textChunk(sortedJson(config)));
}

interface SavedModule {
  readonly module: string;
  readonly tensors: readonly { readonly name: string; readonly tensor: string }[];
}

/** The modules of trained tensors of the base, each with all its tensors under transformers' names. */
function savedModules({ description, trained }: PeftFolder): readonly SavedModule[] {
  const names = [...description.tensors.keys()];
  const modules = [...new Set(trained.map(moduleOf))];
  return modules.map((module) => ({
    module,
    tensors: names
      .filter((tensor) => moduleOf(tensor) === module)
      .map((tensor) => ({
        tensor,
        name: tensor.replace(/\.gamma$/u, ".weight").replace(/\.beta$/u, ".bias"),
      })),
  }));
}

function moduleOf(tensor: string): string {
  return tensor.replace(/\.(weight|bias|gamma|beta)$/u, "");
}

function transformersName({ description }: PeftFolder, name: string): string {
  return name.startsWith("lm_head") ? name : `${description.omittedPrefix}${name}`;
}

async function* tensorFile(
  { description, valuesOf }: PeftFolder,
  entries: readonly { readonly name: string; readonly tensor: string }[],
): AsyncGenerator<Uint8Array> {
  const shapeOf = (tensor: string): readonly number[] => description.tensors.get(tensor) ?? [];
  const header = entries.map(({ name, tensor }) => {
    const shape = shapeOf(tensor);
    return { name, dtype: "F32", shape, bytes: 4 * shape.reduce((a, b) => a * b, 1) };
  });
  yield serialiseHeader(header, new Map([["format", "pt"]]));
  for (const { tensor } of entries) {
    const values = await valuesOf(tensor);
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}

/** Settings that PEFT needs to build the same adapters; what is left out has its defaults there. */
function loraConfig(
  folder: PeftFolder,
  { spec, modules }: LoraLayout,
  saved: readonly string[],
): Record<string, unknown> {
  const names = (list: readonly string[]): readonly string[] =>
    list.map((name) => transformersName(folder, name));
  return {
    base_model_name_or_path: folder.baseName,
    bias: "none",
    fan_in_fan_out: modules.some(({ inputMajor }) => inputMajor),
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: spec.alpha,
    lora_dropout: 0,
    modules_to_save: saved.length === 0 ? null : names(saved),
    peft_type: "LORA",
    r: spec.rank,
    target_modules: names(modules.map(({ name }) => name)),
    // PEFT has no name for masked language models; without one it wraps the model as it is.
    task_type: folder.description.kind === "causal-lm" ? "CAUSAL_LM" : null,
  };
}
