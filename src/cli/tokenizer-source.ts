import { CheckpointError, type Checkpoint } from "../checkpoint/index.js";
import { readSmallFile } from "../checkpoint/side-files.js";
import { DpzoError } from "../errors.js";
import type { FolderReader } from "../files.js";
import { openNodeFile } from "../node/index.js";
import { createTokenizer, TaskError, type TextTokenizer } from "../tasks/index.js";
import { cutAndPad } from "../tasks/tokenizer/cut-and-pad.js";
import { TrainError } from "../train/errors.js";
import { refuseForeignTokens, type TokenBounds } from "../train/preflight-tokens.js";
import { openTokenizer } from "../train/prepare.js";

/** What `dpzo doctor` says about a tokenizer. */
export interface InspectedTokenizer {
  readonly tokens: number;
}

/**
 * The ids of a text, no special token added, by a folder's tokenizer or by one `tokenizer.json` alone.
 *
 * A file alone cuts and pads where it says so, as Python's `tokenizers` does when it opens it; in a folder that has no effect, as with
 * transformers, which sets both for each call.
 */
export interface TokenizerSource {
  readonly tokenizer: TextTokenizer;
  readonly idsOf: (text: string) => readonly number[];
}

/** Opens a folder's tokenizer. @throws {CheckpointError} code `invalid-tokenizer` */
export function folderTokenizer(checkpoint: Checkpoint): Promise<TokenizerSource> {
  return asCheckpointFault(async () => {
    const tokenizer = await openTokenizer(checkpoint);
    return { tokenizer, idsOf: (text) => tokenizer.encode(text) };
  });
}

/** Opens one `tokenizer.json`. @throws {CheckpointError} codes `invalid-tokenizer`, `file-too-large`; {FileError} */
export function fileTokenizer(path: string): Promise<TokenizerSource> {
  return asCheckpointFault(async () => {
    const definition = await readJson(path);
    const tokenizer = createTokenizer({ tokenizer: definition });
    const finish = cutAndPad(definition);
    return { tokenizer, idsOf: (text) => finish(tokenizer.encode(text)) };
  });
}

/**
 * Opens a folder's tokenizer where it has one.
 *
 * @throws {CheckpointError} codes `invalid-tokenizer`, `tokens-beyond-embeddings`
 */
export async function inspectTokenizer(
  checkpoint: Checkpoint,
  model: TokenBounds,
): Promise<InspectedTokenizer | null> {
  if ((await checkpoint.sideFile("tokenizer.json")) === undefined) return null;
  const { tokenizer } = await folderTokenizer(checkpoint);
  refuseForeignTokens(tokenizer, model);
  return { tokens: tokenizer.vocabulary.size };
}

async function readJson(path: string): Promise<unknown> {
  const opener: Pick<FolderReader, "open"> = { open: openNodeFile };
  const bytes = await readSmallFile(opener as FolderReader, path);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new TaskError("invalid-tokenizer", { message: `${path} is not JSON in UTF-8.`, value: path });
  }
}

/** To a task a refused tokenizer is a setting that does not fit; here it is the file that is looked at. */
async function asCheckpointFault<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const isTheFile =
      (error instanceof TaskError && error.code === "invalid-tokenizer") || error instanceof TrainError;
    if (!isTheFile) throw error;
    const { message, value } = error as DpzoError;
    throw new CheckpointError("invalid-tokenizer", { message, value });
  }
}
