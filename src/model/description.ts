/**
 * A model as data: a list of stages, each a small ONNX graph whose weights are plain inputs.
 *
 * Stages are what the executor walks; architectures (`bert.ts`, and decoders later) produce them from a
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
 * What the last stage answers.
 * - `label-words`: logits of the given vocabulary rows at one position a record, shape [records, words];
 *   needs the activation `rows` (that position as a row of the flattened batch).
 * - `all-logits`: logits of the whole vocabulary at every position, shape [records, positions, vocabulary].
 */
export type Objective =
  { readonly kind: "label-words"; readonly wordIds: readonly number[] } | { readonly kind: "all-logits" };

/** What a batch of token ids needs besides the ids, as plain arrays. */
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
  /** Registry name: `bert`, `roberta`. */
  readonly architecture: string;
  readonly kind: "masked-lm";
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** The longest input in tokens, special tokens included. */
  readonly maximumTokens: number;
  readonly padTokenId: number;
  /** Every tensor the forward pass reads, with its shape, in the order of the walk. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** Names under which old checkpoints repeat a tied tensor -> the name that is kept. */
  readonly tiedAliases: ReadonlyMap<string, string>;
  /** The names of the blocks' stages, lowest first. */
  readonly blocks: readonly string[];
  /** The tensors of the head that training "the head" means: its transform, not the vocabulary's own rows. */
  readonly headTensors: readonly string[];
  /** The stages that compute `objective`, in order. */
  readonly stages: (objective: Objective) => readonly ModelStage[];
  /** The position ids the embeddings read, [records, positions]. */
  readonly positionIds: (batch: TokenBatch) => Int32Array;
}

/** A family of models: recognises its configs and describes them. */
export interface Architecture {
  readonly name: string;
  /** `model_type` in `config.json`. */
  readonly modelType: string;
  readonly describe: (config: Readonly<Record<string, unknown>>) => ModelDescription;
}
