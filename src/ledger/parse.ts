import {
  mostHeaderBytes,
  mostLedgerBytes,
  mostStages,
  mostSteps,
  mostStepBytes,
  mostValues,
} from "./bounds.js";
import type { JsonObject } from "./canonical.js";
import { LedgerError, type LedgerPlace } from "./errors.js";
import { firstHash, ledgerFormat, lineHash, type LedgerEntry } from "./format.js";
import { fail, readLines, splitTail, type Line } from "./line.js";
import { checkSchedule, placeOfStep, plannedSteps, type LedgerSchedule } from "./schedule.js";

/** A ledger whose every byte was checked. */
export interface Ledger {
  /** The plan of the header; any JSON object, as far as the ledger is concerned. */
  readonly plan: JsonObject;
  /** One entry a step, in order, from step 1. */
  readonly entries: readonly LedgerEntry[];
  /** The last line's hash: it stands for the whole file. */
  readonly hash: string;
}

/**
 * Reads a ledger and checks it whole: bytes, chain, order, and (given the schedule) counts.
 *
 * Guarantees:
 * - A changed, missing or added byte anywhere is an error that names the line and a byte offset in it.
 * - Lines that were swapped, dropped or doubled are errors, also when their hashes were recomputed.
 * - There is one text for each content: what is accepted, serialised again, is the same bytes.
 * - A torn tail is an error here; only opening a ledger for writing repairs it.
 *
 * @param bytes the whole file
 * @param schedule what the plan says about stages; without it, K only has to be the same within a stage
 * @throws {LedgerError} with `line` and `offset`; any code but those of writing.
 * @example
 * const { plan, entries, hash } = parseLedger(await file.readAll());
 * @see docs/ledger.md
 */
export function parseLedger(bytes: Uint8Array, schedule?: LedgerSchedule): Ledger {
  const { whole, tail } = splitTail(bytes);
  if (bytes.length === 0) throw fail("empty", { line: 1, offset: 0 }, "The ledger is empty.", "a header");
  if (whole.length === 0 && bytes.length <= mostHeaderBytes) {
    throw fail(
      "torn-header",
      { line: 1, offset: 0 },
      "The header does not end with a newline.",
      "a whole line",
    );
  }
  const ledger = parseWholeLines(whole, schedule);
  if (tail.length > 0) {
    const place = { line: ledger.entries.length + 2, offset: whole.length };
    throw new LedgerError(
      "torn-tail",
      {
        message: `The last ${tail.length} bytes do not end with a newline: a step was begun and not finished.`,
        expected: "a whole line",
        next: "Run the same command again: the step is then charged as lost, and training goes on.",
      },
      place,
    );
  }
  return ledger;
}

/** As `parseLedger`, for bytes that are known to end with a newline. */
export function parseWholeLines(whole: Uint8Array, schedule?: LedgerSchedule): Ledger {
  if (schedule !== undefined) checkSchedule(schedule);
  if (whole.length > mostLedgerBytes) {
    const message = `The ledger has ${whole.length} bytes.`;
    throw fail("too-large", { line: 1, offset: mostLedgerBytes }, message, `at most ${mostLedgerBytes}`);
  }
  const longest = (line: number): number => (line === 1 ? mostHeaderBytes : mostStepBytes(mostValues));
  let plan: JsonObject | undefined;
  let hash = firstHash;
  const sequence = new Sequence(schedule);
  for (const line of readLines(whole, longest)) {
    if (plan === undefined) plan = headerPlan(line);
    else sequence.add(entryOf(line), line.place);
    const expected = lineHash(hash, line.body);
    if (line.hash !== expected) {
      throw fail("bad-hash", line.place, `The line's hash is ${line.hash}.`, `${expected}, from its content`);
    }
    hash = expected;
  }
  if (plan === undefined) throw fail("empty", { line: 1, offset: 0 }, "The ledger is empty.", "a header");
  return { plan, entries: sequence.entries, hash };
}

function headerPlan(line: Line): JsonObject {
  const { content, place } = line;
  if (!isObject(content) || typeof content.format !== "string") {
    throw fail(
      "bad-header",
      place,
      "The first line is not a ledger's header.",
      `{"format":"${ledgerFormat}",...`,
    );
  }
  if (content.format !== ledgerFormat) {
    const message = `The ledger's format is ${JSON.stringify(content.format)}.`;
    throw fail("unknown-format", place, message, ledgerFormat);
  }
  if (Object.keys(content).join() !== "format,plan" || !isObject(content.plan)) {
    throw fail(
      "bad-header",
      place,
      "The header does not hold exactly a format and a plan.",
      '"format","plan"',
    );
  }
  return content.plan as JsonObject;
}

function entryOf(line: Line): LedgerEntry {
  const { content, place } = line;
  const keys = isObject(content) ? Object.keys(content).join() : "";
  const { step, stage, values, lost } = content as Record<string, unknown>;
  const isStep = isIndex(step, 1, mostSteps) && isIndex(stage, 0, mostStages - 1);
  if (isStep && keys === "step,stage,lost" && lost === true) {
    return Object.freeze({ step, stage, lost });
  }
  if (isStep && keys === "step,stage,values" && isValues(values)) {
    return Object.freeze({ step, stage, values: Object.freeze(values) });
  }
  const expected = '"step","stage" and "values" (a list of safe integers) or "lost":true, within bounds';
  throw fail("bad-entry", place, "The line is not a step.", expected);
}

/** Checks that each step follows the one before it, and the schedule. */
class Sequence {
  readonly entries: LedgerEntry[] = [];
  readonly #schedule: LedgerSchedule | undefined;
  readonly #valueCounts = new Map<number, number>();
  #lastStage = 0;

  constructor(schedule: LedgerSchedule | undefined) {
    this.#schedule = schedule;
  }

  add(entry: LedgerEntry, place: LedgerPlace): void {
    this.#checkStep(entry.step, place);
    this.#checkStage(entry, place);
    this.#checkValueCount(entry, place);
    this.entries.push(entry);
    this.#lastStage = entry.stage;
  }

  #checkStep(step: number, place: LedgerPlace): void {
    const due = this.entries.length + 1;
    if (this.#schedule !== undefined && due > plannedSteps(this.#schedule)) {
      throw fail("too-many-steps", place, `Step ${step} is beyond the plan.`, `${due - 1} steps`);
    }
    if (step === due) return;
    const code = step > due ? "step-missing" : step === due - 1 ? "step-repeated" : "step-order";
    throw fail(code, place, `The line is step ${step}.`, `step ${due}`);
  }

  #checkStage({ step, stage }: LedgerEntry, place: LedgerPlace): void {
    const planned = this.#schedule === undefined ? undefined : placeOfStep(this.#schedule, step)?.stage;
    const before = this.#lastStage;
    if (planned === undefined ? stage >= before : stage === planned) return;
    const expected = planned === undefined ? `a stage of at least ${before}` : `stage ${planned}`;
    throw fail("stage-order", place, `Step ${step} is of stage ${stage}.`, expected);
  }

  #checkValueCount({ step, stage, values }: LedgerEntry, place: LedgerPlace): void {
    if (values === undefined) return;
    const planned = this.#schedule?.stages[stage]?.valueCount ?? this.#valueCounts.get(stage);
    if (planned !== undefined && planned !== values.length) {
      throw fail("wrong-directions", place, `Step ${step} has ${values.length} values.`, `${planned}`);
    }
    this.#valueCounts.set(stage, values.length);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}

/** Whether a step may hold this: 1 to 4096 safe integers. */
export function isValues(values: unknown): values is number[] {
  return (
    Array.isArray(values) &&
    values.length >= 1 &&
    values.length <= mostValues &&
    values.every((value) => Number.isSafeInteger(value))
  );
}
