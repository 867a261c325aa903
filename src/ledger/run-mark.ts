import { encode } from "./format.js";
import { gone, isSameFolder, judge, type LedgerState, markOfLedger, refusal } from "./mark-check.js";
import { begunRecord, lineRecord, type Mark, markBytes, parseHeading, parseMark } from "./mark-file.js";
import type { MarkStore, TakenMark } from "./mark-store.js";

/** What a machine's marks say about a ledger that is about to be written, and the mark that will say more. */
export interface FoundMark {
  readonly mark: RunMark;
  /** The step up to which steps must be charged as lost before the ledger goes on; undefined if none is missing. */
  readonly chargeTo: number | undefined;
  /** Whether this machine has never seen the run, though it has steps. */
  readonly isNewHere: boolean;
}

/**
 * Finds and takes the mark of a ledger's run, or makes one.
 *
 * Guarantees: a ledger that lacks a step which this machine has seen begin, in this folder or in a copy, is refused,
 * or is to be charged for it; so is a folder whose ledger is gone. Nothing is written.
 *
 * @param isNew whether the ledger has not even a header yet
 * @param charges whether missing steps may be charged
 * @throws {LedgerError} `ledger-behind`, `ledger-forked`, `ledger-gone`, `mark-damaged`; and whatever the store throws.
 */
export async function findMark(
  store: MarkStore,
  ledger: LedgerState,
  { isNew, charges }: { readonly isNew: boolean; readonly charges: boolean },
): Promise<FoundMark> {
  const header = ledger.hashes[0] ?? "";
  const seen = await marksOf(store, header);
  if (isNew) await refuseGone(store, header);
  const found = markOfLedger(seen, ledger, store.folder);
  const name = found?.name ?? newName(ledger);
  const taken = await store.take(name);
  try {
    // Another process may have gone on with a copy before this one had the mark.
    const mark = parseMark(await taken.file.readAll(), store.nameOf(name));
    const judgement = mark === undefined ? { kind: "current" as const } : judge(mark, ledger);
    if (mark !== undefined && (judgement.kind === "forked" || (judgement.kind === "behind" && !charges))) {
      throw refusal(judgement, mark, ledger);
    }
    return {
      mark: new RunMark(taken, store, header, mark),
      chargeTo: judgement.kind === "behind" ? judgement.begun : undefined,
      isNewHere: mark === undefined && ledger.entries.length > 0,
    };
  } catch (error) {
    await taken.release();
    throw error;
  }
}

/** Beginning of the names of a run's marks; several runs of one plan and seed have one in common. */
function namePrefix(header: string): string {
  return `${header.slice(0, 32)}-`;
}

/** A run that is seen for the first time with steps gets a name that a copy of it would get too, and so be refused. */
function newName({ hashes }: LedgerState): string {
  return namePrefix(hashes[0] ?? "") + (hashes[1]?.slice(0, 32) ?? crypto.randomUUID().replaceAll("-", ""));
}

async function marksOf(store: MarkStore, header: string): Promise<readonly { name: string; mark: Mark }[]> {
  const found: { name: string; mark: Mark }[] = [];
  for (const name of await store.list()) {
    if (!name.startsWith(namePrefix(header))) continue;
    const mark = parseMark(await store.read(name), store.nameOf(name));
    if (mark?.header === header) found.push({ name, mark });
  }
  return found;
}

/**
 * A new run in a folder whose run has begun: its ledger was removed. One of this very plan is judged like any other.
 */
async function refuseGone(store: MarkStore, header: string): Promise<void> {
  for (const name of await store.list()) {
    const mark = await begunHere(store, name, header);
    if (mark !== undefined) throw gone(mark);
  }
}

async function begunHere(store: MarkStore, name: string, header: string): Promise<Mark | undefined> {
  const bytes = await store.read(name);
  try {
    const heading = parseHeading(bytes, name);
    if (heading === undefined || heading.header === header || !isSameFolder(heading, store.folder))
      return undefined;
  } catch {
    // A mark that cannot be read is of another folder, as far as anybody can tell.
    return undefined;
  }
  const mark = parseMark(bytes, store.nameOf(name));
  return mark !== undefined && mark.begun > 0 ? mark : undefined;
}

/** The mark of a run that is being written, taken for this process alone. */
export class RunMark {
  readonly #taken: TakenMark;
  readonly #store: MarkStore;
  readonly #header: string;
  readonly #before: Mark | undefined;

  /** Use `findMark`. */
  constructor(taken: TakenMark, store: MarkStore, header: string, before: Mark | undefined) {
    this.#taken = taken;
    this.#store = store;
    this.#header = header;
    this.#before = before;
  }

  /** Takes over a ledger's lines, once they are on disk. */
  async adopt({ hashes }: LedgerState): Promise<void> {
    const records = [...(this.#before?.records ?? [])];
    for (let step = 1; step < hashes.length; step++) {
      const hash = hashes[step] ?? "";
      if (this.#before?.lines.has(hash) !== true) records.push(lineRecord(step, hash).trimEnd());
    }
    await this.#taken.file.replace(markBytes({ header: this.#header, folder: this.#store.folder }, records));
  }

  /** Says durably that a step was begun, before its batch is drawn and after the ledger says so. */
  async begin(step: number): Promise<void> {
    await this.#taken.file.append(encode(begunRecord(step)));
    await this.#taken.file.sync();
  }

  /**
   * Says that a step's line is complete, after the ledger does. Durable with the next `begin`, but for step 1, whose
   * hash is what tells one run of a plan from another.
   */
  async complete(step: number, hash: string): Promise<void> {
    await this.#taken.file.append(encode(lineRecord(step, hash)));
    if (step === 1) await this.#taken.file.sync();
  }

  /** Gives the mark back. */
  release(): Promise<void> {
    return this.#taken.release();
  }
}
