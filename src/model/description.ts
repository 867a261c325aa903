import type { Activations } from "../tensor.js";
import type { Adapter, AdapterLayout } from "./adapter-layout.js";

/**
 * A model as data: a list of stages, each a small ONNX graph whose weights are plain inputs.
 *
 * Stages are what the executor walks; architectures (`bert.ts`, `llama.ts`) produce them from a
 * `config.json`. Nothing here runs anything.
 */

/** One ONNX graph, shared by every stage of the same shape. */
export interface Program {
  /** Equal keys mean equal graphs: stages with one key share one session. */
  readonly key: string;
  /** Serialises the graph; called once a session. */
  readonly build: () => Uint8Array;
  /** The graph inputs that are activations or indices, under the same names in the walk. */
  readonly activations: readonly string[];
  /** Graph output name -> the activation it becomes. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Where a stage's weight input comes from. */
export interface WeightBinding {
  /** Graph input name. */
  readonly input: string;
  /** Tensor name in the checkpoint. */
  readonly tensor: string;
  /** Only these rows of the tensor, in this order (the label words' rows of the vocabulary projection). */
  readonly rows?: readonly number[];
}

/** A piece of the network: embeddings, one block, or the head. */
export interface ModelStage {
  readonly name: string;
  readonly program: Program;
  readonly weights: readonly WeightBinding[];
}

/**
 * What the last stage answers. Only the positions that an objective reads reach the vocabulary projection; the
 * last block already drops the others.
 * - `label-words`: logits of the given vocabulary rows at one position a record, shape [records, words]; needs
 *   the activation `rows` with that position of each record, as a row of the flattened batch.
 * - `token-logits`: logits of the whole vocabulary at the positions in `rows`, any number of them a record,
 *   shape [rows, vocabulary].
 * - `next-token`: as `token-logits`, with blocks that also take the keys and values of earlier positions
 *   (`past_key`, `past_value`) and give those of all positions (`present_key`, `present_value`); decoders only.
 * - `all-logits`: logits of the whole vocabulary at every position, shape [records * positions, vocabulary].
 */
export type Objective =
  | { readonly kind: "label-words"; readonly wordIds: readonly number[] }
  | { readonly kind: "token-logits" }
  | { readonly kind: "next-token" }
  | { readonly kind: "all-logits" };

/** Token ids of some records, padded on the right. */
export interface TokenBatch {
  readonly records: number;
  readonly positions: number;
  /** [records, positions], padded. */
  readonly inputIds: Int32Array;
  /** [records, positions]; zeros where the model has no segments. */
  readonly tokenTypeIds: Int32Array;
  /** Tokens of each record before the padding. */
  readonly lengths: Int32Array;
}

/** A checkpoint's network, described from its `config.json` alone. */
export interface ModelDescription {
  /** Registry name: `bert`, `llama`. */
  readonly architecture: string;
  /** Whether a position is predicted from both sides (at a mask token) or from what stands before it. */
  readonly kind: "masked-lm" | "causal-lm";
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** The longest input in tokens, special tokens included. */
  readonly maximumTokens: number;
  readonly padTokenId: number;
  /** Every tensor the forward pass reads, with its shape, in the order of the walk. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** Names under which checkpoints repeat a tensor -> the name that is read. */
  readonly tiedAliases: ReadonlyMap<string, string>;
  /** The names of the blocks' stages, lowest first. */
  readonly blocks: readonly string[];
  /** The tensors of the head that training "the head" means: its transform, not the vocabulary's own rows. */
  readonly headTensors: readonly string[];
  /** Gains and biases of every norm. */
  readonly normTensors: readonly string[];
  /** Every bias of a linear layer or a norm; not the vocabulary's, most of which no label reads. */
  readonly biasTensors: readonly string[];
  /** The linear layers of a block by their stems: what an adapter can be put beside. */
  readonly linearStems: readonly string[];
  /** What the checkpoint's names leave out of transformers' own: `transformer.` for GPT-2 saved without its head. */
  readonly omittedPrefix: string;
  /** The adapters that are part of this description. */
  readonly adapter?: AdapterLayout;
  /** The same network with adapters; call `withAdapter`, which checks. */
  readonly adapted: (adapter: Adapter) => ModelDescription;
  /** The stages that compute `objective`, in order. */
  readonly stages: (objective: Objective) => readonly ModelStage[];
  /** The activations that the stages read besides `input_ids` and `rows`: positions, attention biases. */
  readonly batchInputs: (batch: TokenBatch) => Activations;
  /**
   * The graph that makes the stages' activations of what Hugging Face's models take, for a whole model in one graph:
   * `input_ids`, `attention_mask`, and `token_type_ids` or `position_ids` where its config class says so, all int64.
   */
  readonly feeds: Program;
  /** What decoding with a key-value cache needs; decoders only. */
  readonly decoding?: Decoding;
}

/** Keys and values that a decoder keeps between steps, and what its stages read at a step. */
export interface Decoding {
  /** Heads and size of one head of the keys and values: a cache is [records, heads, positions, size]. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** The activations of new tokens after some that are in the cache. */
  readonly stepInputs: (step: DecodingStep) => Activations;
}

/** New tokens of some records, after tokens whose keys and values are in the cache. */
export interface DecodingStep {
  /** Records of the step. */
  readonly records: number;
  /** New positions of each record; the same for all. */
  readonly positions: number;
  /** Positions in the cache; the same for all. */
  readonly past: number;
  /** For each record, the position its first new token has in its text. */
  readonly starts: Int32Array;
  /** For each record, how many of the cache's first positions are its prompt; what follows up to `prompt` is padding. */
  readonly lengths: Int32Array;
  /** Padded length of the prompts. */
  readonly prompt: number;
}

/** A family of models: recognises its configs and describes them. */
export interface Architecture {
  readonly name: string;
  /** `model_type` in `config.json`. */
  readonly modelType: string;
  /**
   * @param tensorNames What the checkpoint holds, where it is at hand: some published checkpoints leave out the
   *   prefix of the base model.
   */
  readonly describe: (
    config: Readonly<Record<string, unknown>>,
    tensorNames?: ReadonlySet<string>,
  ) => ModelDescription;
}
