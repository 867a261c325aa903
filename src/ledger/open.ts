import { LedgerWriter } from "./append.js";
import { mostHeaderBytes } from "./bounds.js";
import type { JsonObject } from "./canonical.js";
import { canonicalJson } from "./canonical.js";
import { LedgerError } from "./errors.js";
import type { LedgerFile } from "./file.js";
import { concatenate, firstHash, headerBody, sealedLine, sealedLines, stepBody } from "./format.js";
import type { LedgerState } from "./mark-check.js";
import type { MarkStore } from "./mark-store.js";
import type { Ledger } from "./parse.js";
import { recoverLedger } from "./recover.js";
import { findMark } from "./run-mark.js";
import { checkSchedule, placeOfStep, type LedgerSchedule } from "./schedule.js";

/** What else opening a ledger can be given. */
export interface OpenOptions {
  /** Where this machine keeps what it has seen of runs; without it a ledger is believed as it stands. */
  readonly marks?: MarkStore | undefined;
  /** Charges steps that the machine has seen begin and the ledger lacks, instead of refusing. Default: false. */
  readonly chargeLostSteps?: boolean;
}

/**
 * Opens a ledger for writing: makes it, resumes it, or first settles what a crash left.
 *
 * Guarantees:
 * - A new header is written atomically, so a ledger exists with its whole plan or not at all.
 * - A resumed ledger must hold this very plan; another one is refused.
 * - A step whose batch may have been drawn before a crash is charged as lost before anything else is written.
 * - What was read is made durable before it is built on: a killed process can leave bytes that no disk has yet.
 * - With `marks`, a ledger that was shortened, or a copy that stayed behind, is refused before anything is written,
 *   as is a folder whose ledger is gone; `chargeLostSteps` charges the missing steps instead, where that is enough.
 *
 * Two writers at a time would spoil the file: the caller holds a lock on the run's folder.
 *
 * @param plan the plan as plain JSON; byte for byte the same when a run is resumed
 * @param schedule what that plan says about stages
 * @throws {LedgerError} codes `bad-plan`, `bad-schedule`, `other-plan`, and those of `recoverLedger` and `findMark`;
 *   and whatever the file throws.
 * @example
 * const ledger = await openLedger(file, plan, { stages: [{ steps: 100, valueCount: 32 }] });
 * for (let stage = ledger.nextStage; stage !== undefined; stage = ledger.nextStage) {
 *   await ledger.beginStep(ledger.nextStep, stage);
 *   const release = mechanism.release(await sampleAndMeasure());
 *   const entry = await ledger.completeStep(release.values);
 *   apply(entry);
 * }
 */
export async function openLedger(
  file: LedgerFile,
  plan: JsonObject,
  schedule: LedgerSchedule,
  { marks, chargeLostSteps = false }: OpenOptions = {},
): Promise<LedgerWriter> {
  checkSchedule(schedule);
  const header = newHeader(plan);
  const bytes = await file.readAll();
  const { ledger: read, replacement = bytes, lostStep } = recoverLedger(bytes, schedule);
  if (read !== undefined) requirePlan(read, plan);
  const ledger = read ?? { plan, entries: [], hash: header.hash };
  const options = { isNew: read === undefined, charges: chargeLostSteps };
  const found = marks && (await findMark(marks, stateOf(ledger, lostStep), options));
  try {
    const charged = chargeMissing(ledger, found?.chargeTo ?? 0, schedule);
    // Also when nothing is repaired: neither the last line nor the folder's entry of an earlier replacement need
    // have been synced when the process died, and a power cut must not take back what is replayed from now on.
    await file.replace(concatenate([read === undefined ? header.bytes : replacement, charged.bytes]));
    await found?.mark.adopt(stateOf(charged.ledger, undefined));
    const chargedSteps = charged.ledger.entries.length - ledger.entries.length;
    const opening = { lostStep, chargedSteps, isNewHere: found?.isNewHere ?? false };
    return new LedgerWriter(file, schedule, charged.ledger, opening, found?.mark);
  } catch (error) {
    await found?.mark.release();
    throw error;
  }
}

function requirePlan(ledger: Ledger, plan: JsonObject): void {
  if (canonicalJson(ledger.plan) === canonicalJson(plan)) return;
  const next = "Use another folder for this plan, or the plan that the folder was begun with.";
  const message = "The ledger was begun with another plan.";
  throw new LedgerError(
    "other-plan",
    { message, expected: "the header's plan", next },
    { line: 1, offset: 0 },
  );
}

function stateOf({ plan, entries }: Ledger, lostStep: number | undefined): LedgerState {
  return { entries, hashes: [...sealedLines(plan, entries)].map(({ hash }) => hash), lostStep };
}

/** Charges the steps up to `last` as lost, where the ledger does not have them. */
function chargeMissing(
  ledger: Ledger,
  last: number,
  schedule: LedgerSchedule,
): { readonly ledger: Ledger; readonly bytes: Uint8Array } {
  const entries = [...ledger.entries];
  const lines: Uint8Array[] = [];
  let { hash } = ledger;
  for (let step = entries.length + 1; step <= last; step++) {
    const stage = placeOfStep(schedule, step)?.stage;
    // Only a mark that was edited names steps beyond the plan.
    if (stage === undefined) break;
    const entry = Object.freeze({ step, stage, lost: true as const });
    const line = sealedLine(hash, stepBody(entry));
    entries.push(entry);
    lines.push(line.bytes);
    hash = line.hash;
  }
  return { ledger: { plan: ledger.plan, entries, hash }, bytes: concatenate(lines) };
}

function newHeader(plan: JsonObject): { bytes: Uint8Array; hash: string } {
  const header = sealedLine(firstHash, headerBody(plan));
  if (header.bytes.length <= mostHeaderBytes) return header;
  throw new LedgerError("bad-plan", {
    message: `The plan makes a header of ${header.bytes.length} bytes.`,
    expected: `at most ${mostHeaderBytes} bytes`,
  });
}
