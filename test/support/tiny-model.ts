import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { serialiseHeader } from "../../src/checkpoint/index.js";
import { concatBytes, memoryFolder, type MemoryFolder } from "../../src/files.js";
import { describeModel } from "../../src/model/registry.js";
import type { TaskConfig } from "../../src/plan/config.js";
import type { TaskRecord } from "../../src/tasks/index.js";

/** A BERT masked language model of some 6,000 weights, so that a training step takes a few milliseconds. */
const config = {
  architectures: ["BertForMaskedLM"],
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: 16,
  intermediate_size: 32,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 48,
  num_attention_heads: 2,
  num_hidden_layers: 2,
  pad_token_id: 0,
  tie_word_embeddings: true,
  type_vocab_size: 2,
};

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
/** Texts are made of these; the first group leans to label 0, the second to label 1. */
const unkind = ["dull", "slow", "cold", "weak", "loud", "grim", "stale", "flat"];
const kind = ["warm", "bright", "sharp", "kind", "fresh", "calm", "deft", "moving"];
const neutral = ["film", "story", "scene", "actor", "letter", "offer", "day", "night", "house", "road"];
const glue = ["the", "a", "and", "of", "with", "it", "was", "is", "in", "to", "terrible", "great", ".", ","];
/** A token of its own, so that its embedding can be made extreme; no ordinary text has it. */
export const extremeWord = "boom";
const pieces = ["##s", "##ly", "##er", "##ing", "##y"];

export const vocabulary: readonly string[] = [
  ...special,
  ...glue,
  ...unkind,
  ...kind,
  ...neutral,
  extremeWord,
  ...["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"],
  ...pieces,
];

export const tinyTask: TaskConfig = {
  template: "{text} it was {mask} .",
  labelWords: "terrible,great",
  maximumTokens: 32,
};

/** Numbers in [-1, 1), the same on every machine. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return mixed / 2 ** 31 - 1;
  };
}

/** Changes of the deterministic weights: called with each tensor before it is stored. */
export type ChangeTensor = (name: string, values: Float32Array) => void;

/** The checkpoint as a Hugging Face folder in memory. */
export function tinyModel(change: ChangeTensor = () => undefined): MemoryFolder {
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const full = { ...config, vocab_size: vocabulary.length };
  return memoryFolder("tiny", {
    "config.json": json(full),
    "tokenizer.json": json(tokenizer()),
    "tokenizer_config.json": json({
      tokenizer_class: "BertTokenizer",
      do_lower_case: true,
      cls_token: "[CLS]",
      sep_token: "[SEP]",
      mask_token: "[MASK]",
      pad_token: "[PAD]",
      unk_token: "[UNK]",
    }),
    "model.safetensors": weights(full, change),
  });
}

/** The row of a token in the (tied) embedding table, as a change for {@link tinyModel}. */
export function changeEmbedding(token: string, value: (column: number) => number): ChangeTensor {
  const width = config.hidden_size;
  const row = vocabulary.indexOf(token);
  return (name, values) => {
    if (!name.endsWith("word_embeddings.weight")) return;
    for (let column = 0; column < width; column += 1) values[row * width + column] = value(column);
  };
}

/**
 * Finite weights under which a record with the {@link extremeWord} has a loss that is no number, and every other record
 * an ordinary one: a neuron that this word's token alone fires, and that overflows float32 when it does.
 */
export function extremeLoss(): ChangeTensor {
  const spike = changeEmbedding(extremeWord, (column) => (column === 0 ? 1e10 : 0));
  const layer = "bert.encoder.layer.0.";
  return (name, values) => {
    spike(name, values);
    const at = (row: number, column: number): number => row * (values.length / rowsOf(name)) + column;
    const neuron = 0;
    if (name === `${layer}intermediate.dense.weight`) {
      for (let column = 0; column < config.hidden_size; column += 1) values[at(neuron, column)] = 0;
      values[at(neuron, 0)] = 1e30;
    }
    // The first block's attention adds nothing, so that the neuron sees the token's own embedding.
    if (name.startsWith(`${layer}attention.output.dense.`)) values.fill(0);
    if (name === `${layer}intermediate.dense.bias`) values[neuron] = -3.2e30;
    if (name === `${layer}output.dense.weight`) {
      for (let row = 0; row < config.hidden_size; row += 1) values[at(row, neuron)] = 1e38;
    }
  };
}

function rowsOf(name: string): number {
  return name.includes("intermediate") ? config.intermediate_size : config.hidden_size;
}

/** Copies a folder in memory to a folder on disk. */
export function writeToDisk(folder: MemoryFolder, path: string): string {
  for (const [name, bytes] of folder.files) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), bytes);
  }
  return path;
}

/** Records whose words lean to their label, so that there is something to learn. */
export function tinyRecords(count: number, seed = 1): TaskRecord[] {
  const next = seededNumbers(seed);
  const pick = (words: readonly string[]): string =>
    words[Math.floor(((next() + 1) / 2) * words.length)] ?? "film";
  return Array.from({ length: count }, (_, index) => {
    const label = index % 2;
    const words = Array.from({ length: 4 + (index % 7) }, (__, at) =>
      pick(at % 2 === 0 ? (label === 0 ? unkind : kind) : neutral),
    );
    return { text: words.join(" "), label: String(label), line: index + 1 };
  });
}

/** Records as lines of JSON, for commands that read files. */
export function jsonLines(records: readonly TaskRecord[]): string {
  return records.map(({ text, label }) => `${JSON.stringify({ text, label })}\n`).join("");
}

function tokenizer(): unknown {
  const id = (token: string): number => vocabulary.indexOf(token);
  const specialToken = (token: string): unknown => ({ id: token, ids: [id(token)], tokens: [token] });
  const add = (token: string, type: number): unknown => ({ SpecialToken: { id: token, type_id: type } });
  const text = (name: string, type: number): unknown => ({ Sequence: { id: name, type_id: type } });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({
      id: id(content),
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [add("[CLS]", 0), text("A", 0), add("[SEP]", 0)],
      pair: [add("[CLS]", 0), text("A", 0), add("[SEP]", 0), text("B", 1), add("[SEP]", 1)],
      special_tokens: { "[CLS]": specialToken("[CLS]"), "[SEP]": specialToken("[SEP]") },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, index) => [token, index])),
    },
  };
}

function weights(full: Readonly<Record<string, unknown>>, change: ChangeTensor): Uint8Array {
  const next = seededNumbers(20_260_101);
  const tensors = [...describeModel(full).tensors].map(([name, shape]) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const isNormWeight = /LayerNorm\.weight$/u.test(name);
    for (let index = 0; index < values.length; index += 1) values[index] = isNormWeight ? 1 : 0.4 * next();
    change(name, values);
    return { name, dtype: "F32", shape, bytes: values.byteLength, values };
  });
  const header = serialiseHeader(tensors, new Map([["format", "pt"]]));
  return concatBytes([header, ...tensors.map(({ values }) => new Uint8Array(values.buffer))]);
}
