import { serialiseHeader } from "../checkpoint/index.js";
import { type FolderWriter, textChunk } from "../files.js";
import type { PrefixLayout } from "../model/adapter.js";
import type { PeftFolder } from "./peft-folder.js";

/** The one tensor of PEFT's prefix folder: [virtual tokens, blocks * 2 * heads * size], keys before values. */
export const promptTensor = "prompt_embeddings";

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

async function joinedPrefix(
  layout: PrefixLayout,
  valuesOf: (tensor: string) => Promise<Float32Array>,
): Promise<Float32Array> {
  const { tensors, spec, heads, headSize } = layout;
  const joined = new Float32Array(tensors.length * spec.length * heads * headSize);
  for (const [part, tensor] of tensors.entries()) {
    const values = await valuesOf(tensor);
    eachRow(layout, part, (own, shared) => {
      joined.set(values.subarray(own, own + headSize), shared);
    });
  }
  return joined;
}

/** The tensors of a prefix, taken apart again. */
export function splitPrefix(layout: PrefixLayout, joined: Float32Array): ReadonlyMap<string, Float32Array> {
  const { tensors, spec, heads, headSize } = layout;
  return new Map(
    tensors.map((tensor, part) => {
      const values = new Float32Array(heads * spec.length * headSize);
      eachRow(layout, part, (own, shared) => {
        values.set(joined.subarray(shared, shared + headSize), own);
      });
      return [tensor, values];
    }),
  );
}

/** Visits a head's row of one tensor, [heads, length, size], by where it begins there and in PEFT's [length, parts, heads, size]. */
function eachRow(
  { tensors, spec, heads, headSize }: PrefixLayout,
  part: number,
  visit: (own: number, shared: number) => void,
): void {
  for (let head = 0; head < heads; head += 1) {
    for (let token = 0; token < spec.length; token += 1) {
      const own = (head * spec.length + token) * headSize;
      visit(own, ((token * tensors.length + part) * heads + head) * headSize);
    }
  }
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
