import type { Checkpoint } from "../checkpoint/index.js";
import { createDirectionEngine } from "../directions/index.js";
import type { FolderWriter } from "../files.js";
import { type VerifiedLedger, verifyLedger } from "../verify/verify.js";
import { ReplayError } from "./errors.js";
import { trainedTensors, writeModelFolder } from "./model-folder.js";
import { initialState, replay, type Weights } from "./replay.js";

/**
 * Refuses a base checkpoint other than the one the plan was made for.
 *
 * @throws {ReplayError} `base-mismatch`
 */
export async function checkBase(base: Checkpoint, { plan }: VerifiedLedger): Promise<void> {
  const digest = await base.digest();
  if (digest === plan.base.digest) return;
  throw new ReplayError("base-mismatch", {
    message: `${base.name} is not the checkpoint this ledger starts from.`,
    value: digest,
    expected: `a checkpoint with digest ${plan.base.digest}`,
  });
}

/**
 * Rebuilds a fine-tuned checkpoint from its base and its ledger, bit for bit.
 *
 * Guarantees:
 * - The ledger is verified and the base's digest checked before anything is written.
 * - The same bytes as the training run wrote, on every platform; no loss is computed.
 *
 * @returns the verified ledger
 * @throws {LedgerError}, {PlanError}, {ReplayError} `base-mismatch`, {CheckpointError}.
 * @example
 * await replayModel(base, await readFile("ledger.jsonl"), nodeFolderWriter("model"));
 */
export async function replayModel(
  base: Checkpoint,
  ledgerBytes: Uint8Array,
  out: FolderWriter,
): Promise<VerifiedLedger> {
  const verified = verifyLedger(ledgerBytes);
  await checkBase(base, verified);
  const weights: Weights = new Map();
  for (const name of trainedTensors(verified)) weights.set(name, await base.read(name));
  replay(initialState(weights), verified.plan, verified.entries, createDirectionEngine());
  await writeModelFolder(out, base, weights, verified, ledgerBytes);
  return verified;
}
