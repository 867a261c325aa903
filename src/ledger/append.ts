import type { JsonObject } from "./canonical.js";
import { canonicalJson } from "./canonical.js";
import { mostHeaderBytes } from "./bounds.js";
import { LedgerError } from "./errors.js";
import type { LedgerFile } from "./file.js";
import { encode, firstHash, headerBody, lineHash, seal, sealedLine, stepPrefix, stepRest } from "./format.js";
import type { LedgerEntry } from "./format.js";
import { isValues, type Ledger } from "./parse.js";
import { recoverLedger } from "./recover.js";
import { checkSchedule, placeOfStep, plannedSteps, type LedgerSchedule } from "./schedule.js";

type State =
  | { readonly kind: "idle" | "busy" | "failed" }
  | { readonly kind: "begun"; readonly step: number; readonly stage: number; readonly valueCount: number };

/**
 * Opens a ledger for writing: makes it, resumes it, or first settles what a crash left.
 *
 * Guarantees:
 * - A new header is written atomically, so a ledger exists with its whole plan or not at all.
 * - A resumed ledger must hold this very plan; another one is refused.
 * - A step whose noise may have been drawn before a crash is charged as lost before anything else is written.
 * - What was read is made durable before it is built on: a killed process can leave bytes that no disk has yet.
 *
 * Two writers at a time would spoil the file: the caller holds a lock on the run's folder.
 *
 * @param plan the plan as plain JSON; byte for byte the same when a run is resumed
 * @param schedule what that plan says about stages
 * @throws {LedgerError} codes `bad-plan`, `bad-schedule`, `other-plan`, and those of `recoverLedger`; and
 *   whatever the file throws.
 * @example
 * const ledger = await openLedger(file, plan, { stages: [{ steps: 100, valueCount: 32 }] });
 * for (let step = ledger.nextStep; !ledger.isComplete; step = ledger.nextStep) {
 *   await ledger.beginStep(step, ledger.nextStage);
 *   const release = mechanism.release(await measure());
 *   const entry = await ledger.completeStep(release.values);
 *   apply(entry);
 * }
 */
export async function openLedger(
  file: LedgerFile,
  plan: JsonObject,
  schedule: LedgerSchedule,
): Promise<LedgerWriter> {
  checkSchedule(schedule);
  const header = newHeader(plan);
  const bytes = await file.readAll();
  const { ledger, replacement, lostStep } = recoverLedger(bytes, schedule);
  if (ledger === undefined) {
    await file.replace(header.bytes);
    return new LedgerWriter(file, schedule, { plan, entries: [], hash: header.hash }, undefined);
  }
  if (canonicalJson(ledger.plan) !== canonicalJson(plan)) {
    const next = "Use another folder for this plan, or the plan that the folder was begun with.";
    const message = "The ledger was begun with another plan.";
    throw new LedgerError(
      "other-plan",
      { message, expected: "the header's plan", next },
      { line: 1, offset: 0 },
    );
  }
  // Also when nothing is repaired: neither the last line nor the folder's entry of an earlier replacement need
  // have been synced when the process died, and a power cut must not take back what is replayed from now on.
  await file.replace(replacement ?? bytes);
  return new LedgerWriter(file, schedule, ledger, lostStep);
}

/**
 * Writes a ledger's steps ahead of their effects.
 *
 * Guarantees:
 * - When `beginStep` has resolved, the step's number is on disk: draw noise only then.
 * - When `completeStep` has resolved, the release is on disk: move weights or show anything only then.
 * - Steps are written in order, once each, and never more than the schedule has.
 * - After a failed write nothing more is written: the ledger must be opened again, which charges the step.
 */
export class LedgerWriter {
  readonly plan: JsonObject;
  /** The step that opening this ledger charged as lost, if it did. */
  readonly lostStep: number | undefined;
  readonly #file: LedgerFile;
  readonly #schedule: LedgerSchedule;
  readonly #entries: LedgerEntry[];
  #hash: string;
  #state: State = { kind: "idle" };

  /** Use `openLedger`. */
  constructor(file: LedgerFile, schedule: LedgerSchedule, ledger: Ledger, lostStep: number | undefined) {
    this.#file = file;
    this.#schedule = schedule;
    this.plan = ledger.plan;
    this.#entries = [...ledger.entries];
    this.#hash = ledger.hash;
    this.lostStep = lostStep;
  }

  /** Every step that is on disk, in order. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** The last line's hash. */
  get hash(): string {
    return this.#hash;
  }

  /** The number that `beginStep` must be given next. */
  get nextStep(): number {
    return this.#entries.length + 1;
  }

  /** The stage that `nextStep` belongs to; undefined when all are done. */
  get nextStage(): number | undefined {
    return placeOfStep(this.#schedule, this.nextStep)?.stage;
  }

  /** Whether every planned step was released or charged. */
  get isComplete(): boolean {
    return this.#entries.length >= plannedSteps(this.#schedule);
  }

  /**
   * Announces a step, before its noise is drawn.
   *
   * @throws {LedgerError} codes `too-many-steps`, `write-order`, `write-failed`; nothing was written.
   */
  async beginStep(step: number, stage: number): Promise<void> {
    this.#require("idle", "beginStep");
    const due = placeOfStep(this.#schedule, this.nextStep);
    if (due === undefined) {
      const message = `Step ${step} is beyond the plan.`;
      throw new LedgerError("too-many-steps", { message, expected: `${this.#entries.length} steps` });
    }
    if (step !== this.nextStep || stage !== due.stage) {
      const message = `Step ${step} of stage ${stage} was begun.`;
      const expected = `step ${this.nextStep} of stage ${due.stage}`;
      throw new LedgerError("write-order", { message, expected });
    }
    await this.#write(stepPrefix(step, stage));
    this.#state = { kind: "begun", step, ...due };
  }

  /**
   * Records the release of the step that was begun.
   *
   * @param values K safe integers, in lattice units
   * @throws {LedgerError} codes `bad-values`, `write-order` (nothing was written), `write-failed`.
   */
  async completeStep(values: readonly number[]): Promise<LedgerEntry> {
    const { step, stage, valueCount } = this.#begun("completeStep");
    if (!isValues(values) || values.length !== valueCount) {
      const message = `Step ${step} was given ${values.length} values.`;
      throw new LedgerError("bad-values", { message, expected: `${valueCount} safe integers` });
    }
    // + 0 makes of -0, which JSON cannot hold, a plain 0.
    const kept = Object.freeze(values.map((value) => value + 0));
    return this.#finish(Object.freeze({ step, stage, values: kept }));
  }

  /**
   * Charges the step that was begun as lost, when it cannot be completed but the run goes on.
   *
   * @throws {LedgerError} codes `write-order` (nothing was written), `write-failed`.
   */
  async abandonStep(): Promise<LedgerEntry> {
    const { step, stage } = this.#begun("abandonStep");
    return this.#finish(Object.freeze({ step, stage, lost: true as const }));
  }

  async #finish(entry: LedgerEntry): Promise<LedgerEntry> {
    const rest = stepRest(entry.values);
    const hash = lineHash(this.#hash, encode(stepPrefix(entry.step, entry.stage) + rest));
    await this.#write(rest + seal(hash));
    this.#hash = hash;
    this.#entries.push(entry);
    this.#state = { kind: "idle" };
    return entry;
  }

  /** Appends and syncs. From the first byte on, any failure is final: the file's end is then unknown. */
  async #write(text: string): Promise<void> {
    this.#state = { kind: "busy" };
    try {
      await this.#file.append(encode(text));
      await this.#file.sync();
    } catch (error) {
      this.#state = { kind: "failed" };
      throw error;
    }
  }

  #begun(caller: string): Extract<State, { kind: "begun" }> {
    this.#require("begun", caller);
    return this.#state as Extract<State, { kind: "begun" }>;
  }

  #require(kind: "idle" | "begun", caller: string): void {
    if (this.#state.kind === kind) return;
    if (this.#state.kind === "failed") {
      throw new LedgerError("write-failed", {
        message: `${caller} was called after a write had failed.`,
        next: "Open the ledger again: the step that was begun is then charged as lost.",
      });
    }
    const message = `${caller} was called while a step was ${this.#state.kind === "idle" ? "not begun" : this.#state.kind}.`;
    throw new LedgerError("write-order", {
      message,
      expected: "beginStep, then completeStep or abandonStep",
    });
  }
}

function newHeader(plan: JsonObject): { bytes: Uint8Array; hash: string } {
  const header = sealedLine(firstHash, headerBody(plan));
  if (header.bytes.length <= mostHeaderBytes) return header;
  throw new LedgerError("bad-plan", {
    message: `The plan makes a header of ${header.bytes.length} bytes.`,
    expected: `at most ${mostHeaderBytes} bytes`,
  });
}
