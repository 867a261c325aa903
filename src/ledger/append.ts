import type { JsonObject } from "./canonical.js";
import { LedgerError } from "./errors.js";
import type { LedgerFile } from "./file.js";
import { encode, lineHash, seal, stepPrefix, stepRest } from "./format.js";
import type { LedgerEntry } from "./format.js";
import { keptAside, ledgerBytes } from "./keep-aside.js";
import { isValues, type Ledger } from "./parse.js";
import type { RunMark } from "./run-mark.js";
import { placeOfStep, plannedSteps, type LedgerSchedule } from "./schedule.js";

type State =
  | { readonly kind: "idle" | "busy" | "failed" }
  | { readonly kind: "begun"; readonly step: number; readonly stage: number; readonly valueCount: number };

/** What opening a ledger found and did. */
export interface Opening {
  /** The step that a torn tail charged as lost, if one did. */
  readonly lostStep: number | undefined;
  /** How many missing steps were charged as lost, because the machine's mark says that they were begun. */
  readonly chargedSteps: number;
  /** Whether this machine has marks, and none of this run, though the run has steps. */
  readonly isNewHere: boolean;
}

/**
 * Writes a ledger's steps ahead of their effects.
 *
 * Guarantees:
 * - When `beginStep` has resolved, the step's number is on disk: draw its batch and its noise only then.
 * - When `completeStep` has resolved, the release is on disk: move weights or show anything only then.
 * - Steps are written in order, once each, and never more than the schedule has.
 * - After a failed write nothing more is written: the ledger must be opened again, which charges the step.
 * - Where something else replaced or removed the file, what was released is kept beside it, and the error says where.
 */
export class LedgerWriter {
  readonly plan: JsonObject;
  readonly opening: Opening;
  readonly #file: LedgerFile;
  readonly #schedule: LedgerSchedule;
  readonly #mark: RunMark | undefined;
  readonly #entries: LedgerEntry[];
  #hash: string;
  #state: State = { kind: "idle" };

  /** Use `openLedger`. */
  constructor(
    file: LedgerFile,
    schedule: LedgerSchedule,
    ledger: Ledger,
    opening: Opening,
    mark: RunMark | undefined,
  ) {
    this.#file = file;
    this.#schedule = schedule;
    this.#mark = mark;
    this.plan = ledger.plan;
    this.#entries = [...ledger.entries];
    this.#hash = ledger.hash;
    this.opening = opening;
  }

  /** The step that opening this ledger charged as lost, if it did. */
  get lostStep(): number | undefined {
    return this.opening.lostStep;
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
   * Announces a step, before its batch is drawn: in the ledger, then in the run's mark.
   *
   * @throws {LedgerError} codes `too-many-steps`, `write-order`, `write-failed`, `ledger-replaced`;
   *   nothing was written.
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
    await this.#write(stepPrefix(step, stage), "");
    await this.#tellMark((mark) => mark.begin(step));
    this.#state = { kind: "begun", step, ...due };
  }

  /**
   * Records the release of the step that was begun.
   *
   * @param values K safe integers, in lattice units
   * @throws {LedgerError} codes `bad-values`, `write-order` (nothing was written), `write-failed`, `ledger-replaced`.
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

  /**
   * The file's bytes as they are now, which must be the very ones that this writer read and wrote.
   *
   * @throws {LedgerError} code `ledger-replaced`; what was released is then kept beside the file.
   */
  async readBack(): Promise<Uint8Array> {
    this.#require("idle", "readBack");
    const bytes = await this.#file.readAll();
    const own = ledgerBytes(this.plan, this.#entries);
    if (bytes.length === own.length && own.every((byte, index) => bytes[index] === byte)) return bytes;
    this.#state = { kind: "failed" };
    const message =
      "The ledger file does not hold what this process wrote: something else replaced or changed it.";
    throw await this.#keptAside(new LedgerError("ledger-replaced", { message }), "");
  }

  async #finish(entry: LedgerEntry): Promise<LedgerEntry> {
    const prefix = stepPrefix(entry.step, entry.stage);
    const rest = stepRest(entry.values);
    const hash = lineHash(this.#hash, encode(prefix + rest));
    await this.#write(rest + seal(hash), prefix);
    this.#hash = hash;
    this.#entries.push(entry);
    await this.#tellMark((mark) => mark.complete(entry.step, hash));
    this.#state = { kind: "idle" };
    return entry;
  }

  /**
   * Appends and syncs. From the first byte on, any failure is final: the file's end is then unknown.
   *
   * @param begun what of the line in hand is on disk already
   */
  async #write(text: string, begun: string): Promise<void> {
    this.#state = { kind: "busy" };
    try {
      await this.#file.append(encode(text));
      await this.#file.sync();
    } catch (error) {
      this.#state = { kind: "failed" };
      const isReplaced = error instanceof LedgerError && error.code === "ledger-replaced";
      throw isReplaced ? await this.#keptAside(error, begun) : error;
    }
  }

  async #tellMark(tell: (mark: RunMark) => Promise<void>): Promise<void> {
    if (this.#mark === undefined) return;
    try {
      await tell(this.#mark);
    } catch (error) {
      this.#state = { kind: "failed" };
      throw error;
    }
  }

  #keptAside(error: LedgerError, begun: string): Promise<LedgerError> {
    const ledger = { plan: this.plan, entries: this.#entries, hash: this.#hash };
    return keptAside(this.#file, ledger, begun, error);
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
