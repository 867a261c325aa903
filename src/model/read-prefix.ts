import * as z from "zod";

import {
  type Checkpoint,
  decodeWeights,
  isWeightDtype,
  readSafetensorsHeader,
  readSmallFile,
} from "../checkpoint/index.js";
import { FileError, type FolderReader, type RandomAccessFile } from "../files.js";
import { type PrefixLayout, withAdapter } from "./adapter.js";
import type { ModelDescription } from "./description.js";
import { ModelError } from "./errors.js";
import { promptTensor, splitPrefix } from "./prefix-values.js";

/** What dpzo writes of a prefix's config, without which a reader would have to guess. */
const prefixSchema = z.object({
  peft_type: z.literal("PREFIX_TUNING"),
  num_virtual_tokens: z.number().int().min(1).max(4096),
  num_transformer_submodules: z.literal(1).nullish(),
  prefix_projection: z.literal(false).nullish(),
});

/** A model with its prefix. */
export interface PrefixedModel {
  readonly description: ModelDescription;
  readonly values: ReadonlyMap<string, Float32Array>;
}

/**
 * The prefix in a checkpoint's `adapter/` folder, or nothing where there is none.
 *
 * LoRA that dpzo wrote is merged into the checkpoint, so its folder is not looked into.
 *
 * @throws {ModelError} `adapter-unsupported` for any other adapter, or a prefix of another model; {CheckpointError}.
 */
export async function readPrefix(
  { adapterFolder }: Pick<Checkpoint, "adapterFolder">,
  description: ModelDescription,
): Promise<PrefixedModel | undefined> {
  const config = await readConfig(adapterFolder);
  if (config === undefined || (config as { peft_type?: unknown }).peft_type === "LORA") return undefined;
  const parsed = prefixSchema.safeParse(config);
  if (!parsed.success) throw unsupported(adapterFolder, "is not of a kind that dpzo runs");
  const adapted = withAdapter(description, { kind: "prefix", length: parsed.data.num_virtual_tokens });
  const layout = adapted.adapter;
  if (layout === undefined || "modules" in layout) return undefined;
  const file = await adapterFolder.open("adapter_model.safetensors");
  try {
    return {
      description: adapted,
      values: splitPrefix(layout, await readPrompt(adapterFolder, file, layout)),
    };
  } finally {
    await file.close();
  }
}

async function readConfig(folder: FolderReader): Promise<unknown> {
  try {
    const bytes = await readSmallFile(folder, "adapter_config.json");
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    if (error instanceof FileError && ["not-found", "not-a-folder"].includes(error.code)) return undefined;
    if (error instanceof SyntaxError || error instanceof TypeError) throw unsupported(folder, "is not JSON");
    throw error;
  }
}

async function readPrompt(
  folder: FolderReader,
  file: RandomAccessFile,
  { spec, heads, headSize, tensors }: PrefixLayout,
): Promise<Float32Array> {
  const header = await readSafetensorsHeader(file, "adapter_model.safetensors");
  const tensor = header.tensors.find(({ name }) => name === promptTensor);
  const shape = [spec.length, tensors.length * heads * headSize];
  if (tensor?.shape.join() !== shape.join() || !isWeightDtype(tensor.dtype)) {
    throw unsupported(folder, `does not hold ${promptTensor} [${shape.join(", ")}]`);
  }
  return decodeWeights(tensor.dtype, await file.read(tensor.offset, tensor.bytes));
}

function unsupported({ name }: FolderReader, what: string): ModelError {
  return new ModelError("adapter-unsupported", {
    message: `The adapter in ${name} ${what}.`,
    value: name,
    expected: "LoRA that is merged into the checkpoint, or prefix tuning without a projection",
    next: "Merge the adapter with PEFT, or move its folder away to use the checkpoint without it.",
  });
}
