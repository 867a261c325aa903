import { serialiseHeader } from "../checkpoint/index.js";
import { type FolderWriter, textChunk } from "../files.js";
import { joinedPrefix, type PrefixLayout, promptTensor } from "../model/index.js";
import type { PeftFolder } from "./folder-source.js";

/** Writes virtual keys and values as PEFT reads them, in float32. */
export async function writePrefixFolder(
  out: FolderWriter,
  folder: PeftFolder,
  layout: PrefixLayout,
): Promise<void> {
  const values = await joinedPrefix(layout, folder.valuesOf);
  const shape = [layout.spec.length, values.length / layout.spec.length];
  const entry = { name: promptTensor, dtype: "F32", shape, bytes: values.byteLength };
  await out.write("adapter_model.safetensors", prefixFile(serialiseHeader([entry], format), values));
  const config = prefixConfig(folder, layout);
  await out.write("adapter_config.json", textChunk(sortedJson(config)));
}

const format = new Map([["format", "pt"]]);

async function* prefixFile(header: Uint8Array, values: Float32Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(header);
  yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function prefixConfig(
  { baseName, description }: PeftFolder,
  { spec, heads, headSize, tensors }: PrefixLayout,
): Record<string, unknown> {
  return {
    base_model_name_or_path: baseName,
    encoder_hidden_size: description.hiddenSize,
    inference_mode: true,
    num_attention_heads: heads,
    num_layers: tensors.length / 2,
    num_transformer_submodules: 1,
    num_virtual_tokens: spec.length,
    peft_type: "PREFIX_TUNING",
    prefix_projection: false,
    task_type: description.kind === "causal-lm" ? "CAUSAL_LM" : null,
    token_dim: heads * headSize,
  };
}

/** JSON with its keys in order, as PEFT writes it. */
export function sortedJson(config: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
