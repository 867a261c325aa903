import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a checkpoint; each has a section in docs/checkpoints.md. */
export type CheckpointErrorCode =
  // one safetensors file
  | "truncated"
  | "trailing-bytes"
  | "header-too-large"
  | "not-json"
  | "duplicate-key"
  | "too-deep"
  | "bad-metadata"
  | "bad-entry"
  | "bad-name"
  | "bad-shape"
  | "bad-offsets"
  | "too-many-tensors"
  | "unknown-dtype"
  | "size-mismatch"
  | "overlap"
  | "hole"
  // a folder
  | "file-too-large"
  | "missing-config"
  | "no-weights"
  | "pickle-only"
  | "ambiguous-weights"
  | "bad-index"
  | "too-many-shards"
  | "unsafe-shard-name"
  | "missing-shard"
  | "duplicate-tensor"
  | "missing-tensor"
  | "tensor-not-in-index"
  // what a folder means
  | "adapter-in-folder"
  | "quantised-weights"
  | "tokens-beyond-embeddings"
  | "no-finite-logits"
  | "invalid-tokenizer"
  // reading and writing weights
  | "not-a-weight"
  | "length-mismatch"
  | "not-finite"
  | "overflow"
  | "tied-tensors-differ";

/** Thrown when a checkpoint cannot be trusted or cannot be written; the message names file, tensor and byte. */
export class CheckpointError extends DpzoError<CheckpointErrorCode> {}
