import { serialiseHeader } from "../../src/checkpoint/index.js";
import { concatBytes, memoryFolder, type MemoryFolder } from "../../src/files.js";
import { describeModel } from "../../src/model/registry.js";
import { randomWeights } from "./random-weights.js";
import { tinyDecoder } from "./tiny-decoder.js";
import { type ChangeTensor, tinyModel } from "./tiny-model.js";

/** Shallow models of any width, with the layers of real ones. */
export const wideKinds = ["bert", "gpt2", "llama-64", "llama-128", "qwen3-128"] as const;

/** An encoder, GPT-2, or a decoder with grouped heads of the key width in its name. */
export type WideKind = (typeof wideKinds)[number];

export interface WideShape {
  readonly kind: WideKind;
  readonly hidden: number;
  readonly layers: number;
  readonly vocabulary: number;
  /** The longest input in tokens. */
  readonly positions: number;
}

/** `config.json` of a model of this shape; feed-forward layers are as much wider as those of published models. */
export function wideConfig({
  kind,
  hidden,
  layers,
  vocabulary,
  positions,
}: WideShape): Record<string, unknown> {
  const heads = Math.max(1, hidden / (hidden % 64 === 0 && hidden > 128 ? 64 : 32));
  if (kind === "gpt2") {
    return {
      architectures: ["GPT2LMHeadModel"],
      model_type: "gpt2",
      activation_function: "gelu_new",
      layer_norm_epsilon: 1e-5,
      n_embd: hidden,
      n_head: heads,
      n_layer: layers,
      n_positions: positions,
      vocab_size: vocabulary,
      bos_token_id: 0,
      eos_token_id: 0,
      tie_word_embeddings: true,
    };
  }
  const sizes = {
    hidden_size: hidden,
    num_hidden_layers: layers,
    vocab_size: vocabulary,
    max_position_embeddings: positions,
    tie_word_embeddings: true,
  };
  if (kind === "bert") {
    return {
      ...sizes,
      architectures: ["BertForMaskedLM"],
      model_type: "bert",
      hidden_act: "gelu",
      intermediate_size: 4 * hidden,
      layer_norm_eps: 1e-12,
      num_attention_heads: heads,
      pad_token_id: 0,
      type_vocab_size: 2,
    };
  }
  const keyWidth = kind === "llama-64" ? 64 : 128;
  // Two groups at least, whatever the width: queries of two heads share keys and values.
  const groups = Math.max(1, Math.floor(hidden / keyWidth / 4));
  return {
    ...sizes,
    architectures: [kind === "qwen3-128" ? "Qwen3ForCausalLM" : "LlamaForCausalLM"],
    model_type: kind === "qwen3-128" ? "qwen3" : "llama",
    hidden_act: "silu",
    intermediate_size: 8 * Math.round(hidden / 3),
    num_attention_heads: 2 * groups,
    num_key_value_heads: groups,
    head_dim: keyWidth,
    rms_norm_eps: 1e-6,
    bos_token_id: 0,
    eos_token_id: 0,
  };
}

/** A checkpoint of this shape as a Hugging Face folder in memory, with the tokenizer of the tiny models. */
export function wideModel(
  shape: Omit<WideShape, "vocabulary">,
  change: ChangeTensor = () => undefined,
): MemoryFolder {
  const { files } = shape.kind === "bert" ? tinyModel() : tinyDecoder();
  const side = ["tokenizer.json", "tokenizer_config.json"].map(
    (name) => [name, fileOf(files, name)] as const,
  );
  const tokenizer = JSON.parse(new TextDecoder().decode(fileOf(files, "tokenizer.json"))) as Tokenizer;
  const config = wideConfig({ ...shape, vocabulary: Object.keys(tokenizer.model.vocab).length });
  return memoryFolder(`wide-${shape.kind}-${shape.hidden}`, {
    ...Object.fromEntries(side),
    "config.json": new TextEncoder().encode(JSON.stringify(config)),
    "model.safetensors": safetensors(config, change),
  });
}

interface Tokenizer {
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`the tiny model has no ${name}`);
  return bytes;
}

function safetensors(config: Record<string, unknown>, change: ChangeTensor): Uint8Array {
  const description = describeModel(config);
  const tensors = [...randomWeights(description, 1)].map(([name, values]) => {
    change(name, values);
    const shape = description.tensors.get(name) ?? [];
    return { name, dtype: "F32" as const, shape, bytes: values.byteLength, values };
  });
  const header = serialiseHeader(tensors, new Map([["format", "pt"]]));
  return concatBytes([header, ...tensors.map(({ values }) => new Uint8Array(values.buffer))]);
}
