import { LedgerError } from "./errors.js";
import type { LedgerEntry } from "./format.js";
import type { Mark, MarkHeading } from "./mark-file.js";
import type { RunFolder } from "./mark-store.js";

/** A ledger as it counts after recovery, with the hash of every line. */
export interface LedgerState {
  readonly entries: readonly LedgerEntry[];
  /** Of the header at 0, of step k's line at k. */
  readonly hashes: readonly string[];
  /** The step that a torn tail charged, if one did. */
  readonly lostStep: number | undefined;
}

/** What a mark says about a ledger. */
export type Judgement =
  /** Nothing of what the machine has seen is missing. */
  | { readonly kind: "current" }
  /** Steps up to `begun` were begun, and are not in the ledger; all that is in it was seen. */
  | { readonly kind: "behind"; readonly begun: number }
  /** Step `step` was released in this ledger and begun in another copy. */
  | { readonly kind: "forked"; readonly step: number };

/**
 * How many of a ledger's steps a mark has seen: the highest one whose line it knows, 0 if none.
 */
export function knownSteps(mark: Pick<Mark, "lines">, { hashes }: Pick<LedgerState, "hashes">): number {
  for (let step = hashes.length - 1; step > 0; step--) {
    if (mark.lines.has(hashes[step] ?? "")) return step;
  }
  return 0;
}

/**
 * Says whether a run may go on from a ledger.
 *
 * What may go on releases steps beyond `mark.begun` only. So every step is released at most once on this machine, in
 * all copies together, as long as no ledger goes on that has a release of its own for a step that was begun
 * elsewhere. A lost line is never in the way: nothing of it was released.
 */
export function judge(mark: Mark, ledger: LedgerState): Judgement {
  const known = knownSteps(mark, ledger);
  for (const { step, values } of ledger.entries.slice(known)) {
    if (values === undefined || step > mark.begun) continue;
    // The step that was begun last, completed where the process died before it could say so.
    const isOwn = step === known + 1 && step === mark.begun && mark.lastLine < step;
    if (!isOwn) return { kind: "forked", step };
  }
  const steps = ledger.entries.length;
  // A line that was complete, of which only a part is left.
  const isCut = ledger.lostStep !== undefined && ledger.lostStep <= mark.lastLine;
  return steps < mark.begun || isCut ? { kind: "behind", begun: mark.begun } : { kind: "current" };
}

/** The mark among several that is of a ledger's run: the one that knows most of it, then the one of this folder. */
export function markOfLedger<Found extends { readonly mark: Mark }>(
  found: readonly Found[],
  ledger: LedgerState,
  folder: RunFolder,
): Found | undefined {
  const ranked = found.map((candidate) => ({
    candidate,
    known: knownSteps(candidate.mark, ledger),
    isHere: isSameFolder(candidate.mark, folder),
  }));
  ranked.sort(
    (a, b) =>
      b.known - a.known ||
      Number(b.isHere) - Number(a.isHere) ||
      b.candidate.mark.begun - a.candidate.mark.begun,
  );
  const best = ranked[0];
  // Without a line in common it is this run only if it was in this very folder.
  return best !== undefined && (best.known > 0 || best.isHere) ? best.candidate : undefined;
}

/** Whether a mark is of a run in this folder, and not of one that was at its path before. */
export function isSameFolder(mark: MarkHeading, folder: RunFolder): boolean {
  return mark.folder.path === folder.path && mark.folder.identity === folder.identity;
}

/** What to throw where a ledger may not go on; names both hashes. */
export function refusal(
  judgement: Exclude<Judgement, { kind: "current" }>,
  mark: Mark,
  ledger: LedgerState,
): LedgerError {
  const steps = ledger.entries.length;
  const here = `The ledger in this folder has ${steps} steps, its last hash is ${ledger.hashes[steps] ?? ""}.`;
  const there =
    `This machine has seen step ${mark.begun} of the run begin` +
    `${mark.lastHash === undefined ? "" : `, after or as hash ${mark.lastHash}`}, in ${mark.folder.path}.`;
  if (judgement.kind === "forked") {
    return new LedgerError("ledger-forked", {
      message: `${here} ${there} Step ${judgement.step} was released here and begun in another copy.`,
      value: mark.folder.path,
      next:
        "Two copies were continued, and both count: one ledger cannot say what they spent together. " +
        "Go on with the other copy, or begin another run in another --out.",
    });
  }
  return new LedgerError("ledger-behind", {
    message: `${here} ${there} The ledger was shortened, or is an earlier copy: to go on would release steps twice.`,
    value: mark.folder.path,
    next:
      "Put the longer ledger back and run the same command again. If it is lost, --charge-lost-steps charges the " +
      "missing steps and goes on after them.",
  });
}

/** What to throw where a folder's ledger is gone, and its run had begun. */
export function gone(mark: Mark): LedgerError {
  return new LedgerError("ledger-gone", {
    message:
      `There is no ledger in ${mark.folder.path}, where this machine has seen a run begin step ${mark.begun}` +
      `${mark.lastHash === undefined ? "" : `, after or as hash ${mark.lastHash}`}.`,
    value: mark.folder.path,
    next:
      "Those steps are spent: put the ledger back and run the same command again, or begin another run in another " +
      "--out, whose epsilon adds to theirs.",
  });
}
