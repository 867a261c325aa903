import { serialiseHeader } from "../../src/checkpoint/index.js";
import { concatBytes, memoryFolder, type MemoryFolder } from "../../src/files.js";
import { describeModel } from "../../src/model/registry.js";
import { seededNumbers } from "./tiny-model.js";

/** A GPT-2 of some 10,000 weights with a byte-level tokenizer, so that a whole run takes seconds. */
const config = {
  architectures: ["GPT2LMHeadModel"],
  model_type: "gpt2",
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  n_embd: 16,
  n_head: 2,
  n_layer: 2,
  n_positions: 160,
  n_inner: null,
  bos_token_id: 0,
  eos_token_id: 0,
  tie_word_embeddings: true,
};

const endOfText = "<|endoftext|>";
/** Words that are one token with the space before them. */
const words = ["terrible", "great", "so", "because", "yes", "no", "film", "warm", "dull"];

/** The checkpoint as a Hugging Face folder in memory. */
export function tinyDecoder(): MemoryFolder {
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const tokenizer = byteLevel();
  const full = { ...config, vocab_size: Object.keys(tokenizer.vocab).length };
  return memoryFolder("tiny-decoder", {
    "config.json": json(full),
    "tokenizer.json": json(tokenizerJson(tokenizer)),
    "tokenizer_config.json": json({
      tokenizer_class: "GPT2Tokenizer",
      bos_token: endOfText,
      eos_token: endOfText,
      unk_token: endOfText,
      add_prefix_space: false,
    }),
    "model.safetensors": weights(full),
  });
}

/** GPT-2's names for bytes: printable ones are themselves, the rest stand from U+0100 on. */
function byteNames(): readonly string[] {
  const isPlain = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
}

/** One merge for each letter of each word, left to right. */
function byteLevel(): { vocab: Record<string, number>; merges: [string, string][] } {
  const tokens = [endOfText, ...byteNames()];
  const merges: [string, string][] = [];
  for (const word of words) {
    let stem = "\u0120";
    for (const letter of word) {
      if (!tokens.includes(stem + letter)) {
        merges.push([stem, letter]);
        tokens.push(stem + letter);
      }
      stem += letter;
    }
  }
  return { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
}

function tokenizerJson({ vocab, merges }: ReturnType<typeof byteLevel>): unknown {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: 0,
        content: endOfText,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: "BPE", unk_token: null, vocab, merges, byte_fallback: false },
  };
}

function weights(full: Readonly<Record<string, unknown>>): Uint8Array {
  const next = seededNumbers(20_260_202);
  const tensors = [...describeModel(full).tensors].map(([name, shape]) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const isNormWeight = /ln_\w\.weight$/u.test(name);
    for (let index = 0; index < values.length; index += 1) values[index] = isNormWeight ? 1 : 0.4 * next();
    return { name, dtype: "F32", shape, bytes: values.byteLength, values };
  });
  const header = serialiseHeader(tensors, new Map([["format", "pt"]]));
  return concatBytes([header, ...tensors.map(({ values }) => new Uint8Array(values.buffer))]);
}
