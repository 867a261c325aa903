import { type Checkpoint, openCheckpoint } from "../checkpoint/index.js";
import { nodeFolderReader } from "./folder.js";
import { nodeSha256 } from "./hash.js";

/**
 * Opens a Hugging Face folder on disk, with Node's fast SHA-256 for its digest; the caller closes it.
 *
 * @throws {FileError}, {CheckpointError} as `openCheckpoint`.
 * @example
 * const checkpoint = await openNodeCheckpoint("models/minilm-mlm");
 */
export function openNodeCheckpoint(path: string): Promise<Checkpoint> {
  return openCheckpoint(nodeFolderReader(path), { createHash: nodeSha256 });
}
