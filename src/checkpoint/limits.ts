/** Every unbounded number a checkpoint can hold, with its bound and the reason for it. */
export const checkpointLimits = {
  /** The reference implementation's own cap; a real header is under 15 MB (91,000 tensors). */
  headerBytes: 100_000_000,
  /** The largest public models have about 100,000 tensors in all their shards. */
  tensorsPerFile: 262_144,
  /** Names in public checkpoints stay under 200 bytes. */
  nameBytes: 1024,
  /** Convolution weights have up to 5 dimensions. */
  dimensions: 8,
  /** The largest public models have a few hundred shards. */
  shards: 10_000,
  /** An index line is about 100 bytes a tensor. */
  indexBytes: 64 * 1024 * 1024,
  /** A config.json with every label of a large classifier is a few megabytes. */
  configBytes: 16 * 1024 * 1024,
  /** A config.json nests 3 deep, an index 2. */
  jsonDepth: 64,
  /** The largest public tokenizer.json is about 35 MB; above this it is not a side file. */
  sideFileBytes: 128 * 1024 * 1024,
} as const;
