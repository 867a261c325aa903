import { startingValues } from "../adapter/index.js";
import type { Checkpoint } from "../checkpoint/index.js";
import { createDirectionEngine } from "../directions/index.js";
import type { FolderWriter } from "../files.js";
import { needsNetwork } from "../masks/index.js";
import {
  type CheckedLedger,
  checkLedger,
  isPrivateLedger,
  type VerifiedLedger,
  verifyLedger,
} from "../verify/index.js";
import { ReplayError } from "./errors.js";
import { planDescription, trainedTensors, writeModelFolder } from "./model-folder.js";
import { initialState, replay, type Weights } from "./replay.js";

/**
 * Refuses a base checkpoint other than the one the plan was made for.
 *
 * @throws {ReplayError} `base-mismatch`
 */
export async function checkBase(base: Checkpoint, { plan }: CheckedLedger): Promise<void> {
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
 * - The same bytes as the training run wrote, on every platform; no loss is computed. Masks are made anew.
 *
 * @returns the verified ledger
 * @throws {LedgerError}, {PlanError}, {ReplayError} `base-mismatch`, {CheckpointError}; {PlanError} `not-private` for
 *   a ledger without privacy, which {@link replayLedger} takes.
 * @example
 * await replayModel(base, bytes, nodeFolderWriter("model"));
 */
export async function replayModel(
  base: Checkpoint,
  ledgerBytes: Uint8Array,
  out: FolderWriter,
): Promise<VerifiedLedger> {
  const verified = verifyLedger(ledgerBytes);
  await rebuild(base, verified, ledgerBytes, out);
  return verified;
}

/**
 * As {@link replayModel}, for the ledger of any run. Where it gave no privacy, neither the result nor the model's card has
 * an epsilon.
 */
export async function replayLedger(
  base: Checkpoint,
  ledgerBytes: Uint8Array,
  out: FolderWriter,
): Promise<CheckedLedger | VerifiedLedger> {
  const checked = checkLedger(ledgerBytes);
  const ledger = isPrivateLedger(checked) ? verifyLedger(ledgerBytes) : checked;
  await rebuild(base, ledger, ledgerBytes, out);
  return ledger;
}

async function rebuild(
  base: Checkpoint,
  ledger: CheckedLedger,
  ledgerBytes: Uint8Array,
  out: FolderWriter,
): Promise<void> {
  await checkBase(base, ledger);
  const { plan, entries } = ledger;
  const description = planDescription(base, plan);
  const engine = createDirectionEngine();
  const weights: Weights = new Map(startingValues(description, plan.directions.runSeed, engine));
  const onNetwork = plan.stages.some(({ mask }) => mask !== undefined && needsNetwork(mask));
  const names = onNetwork ? description.tensors.keys() : trainedTensors(ledger);
  for (const name of names) if (!weights.has(name)) weights.set(name, await base.read(name));
  replay(initialState(weights, description), plan, entries, engine);
  await writeModelFolder(out, base, weights, ledger, ledgerBytes);
}
