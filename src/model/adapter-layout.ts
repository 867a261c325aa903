/**
 * Low-rank adapters: W x becomes W x + (alpha / rank) B A x, with A [rank, in] and B [out, rank] trained in W's place.
 *
 * @see Hu et al. 2021 (arXiv 2106.09685)
 */
export interface LoraAdapter {
  readonly kind: "lora";
  readonly rank: number;
  readonly alpha: number;
  /** Linear layers of a block by their stems: `query`, `value`, `joint`, `up` ... */
  readonly modules: readonly string[];
  /** How many of the last blocks carry adapters; those below run the plain graph. */
  readonly blocks: number;
}

/**
 * Prefix tuning: in every block, keys and values of virtual tokens that every position sees.
 *
 * In a decoder the text's positions begin after the virtual ones, as PEFT has it.
 *
 * @see Li and Liang 2021 (arXiv 2101.00190)
 */
export interface PrefixAdapter {
  readonly kind: "prefix";
  /** Virtual tokens. */
  readonly length: number;
}

/** Trainable weights that are put beside a checkpoint's own. */
export type Adapter = LoraAdapter | PrefixAdapter;

/** A linear layer with a low-rank path, and where its tensors are. */
export interface AdaptedModule {
  /** Name without `.weight`. */
  readonly name: string;
  readonly weight: string;
  readonly down: string;
  readonly up: string;
  readonly inputs: number;
  readonly outputs: number;
  /** W is stored as [in, out]. */
  readonly inputMajor: boolean;
}

/** What an adapted description says of its adapters. */
export type AdapterLayout = LoraLayout | PrefixLayout;

/** Low-rank adapters and their layers, lowest block first. */
export interface LoraLayout {
  readonly spec: LoraAdapter;
  readonly modules: readonly AdaptedModule[];
  /** Every tensor of the adapters. */
  readonly tensors: readonly string[];
}

/** Virtual keys and values, those of the lowest block first; each is [key-value heads, length, size]. */
export interface PrefixLayout {
  readonly spec: PrefixAdapter;
  /** Heads of the keys and values. */
  readonly heads: number;
  readonly headSize: number;
  /** The tensors: keys, then values, block by block. */
  readonly tensors: readonly string[];
}
