import type { LedgerEntry } from "../ledger/index.js";
import type { Plan } from "../plan/index.js";
import type { MaskSummary } from "../replay/index.js";

/** Accuracy and macro-averaged F1, both as fractions from 0 to 1. */
export interface Scores {
  readonly accuracy: number;
  readonly macroF1: number;
}

/** Exact match and F1 of written answers, both as fractions from 0 to 1. */
export interface AnswerScores {
  readonly exactMatch: number;
  readonly f1: number;
}

/** How one label of the public test set is answered. Rates are fractions from 0 to 1. */
export interface LabelScores {
  readonly label: string;
  /** Test records that carry this label. */
  readonly count: number;
  /** Share of them that is answered with this label, before training and after. */
  readonly zeroShotRecall: number;
  readonly finalRecall: number;
}

interface Tested<AnyScores> {
  /** What the test file is, in a few words. */
  readonly description: string;
  /** Test records. */
  readonly count: number;
  readonly zeroShot: AnyScores;
  readonly final: AnyScores;
}

/** Results of labels or options. */
export interface LabelEvaluation extends Tested<Scores> {
  /** Accuracy of always answering the larger class, from 0 to 1. */
  readonly largerClass: number;
  readonly perClass?: readonly LabelScores[];
}

/** Results on a test set that is public: none of its records is protected by the run's guarantee. */
export type PublicEvaluation = LabelEvaluation | Tested<AnswerScores>;

/**
 * Everything a report is made of.
 *
 * Guarantees:
 * - No field holds a private value: plan and entries are public by design, the test set is declared public,
 *   and the rest names software and files.
 */
export interface ReportInput {
  readonly plan: Plan;
  /** Steps of a verified ledger. */
  readonly entries: readonly LedgerEntry[];
  /** Upper bounds on epsilon after so many steps, ascending; about 24 points. */
  readonly epsilonCurve: readonly { readonly step: number; readonly epsilon: number }[];
  /** Lower bound on epsilon at the curve's last point. */
  readonly epsilonLower: number;
  /** The masks of the stages that have one, for comparison with another replay. */
  readonly masks?: readonly MaskSummary[];
  readonly evaluation?: PublicEvaluation;
  /** Hash of the ledger's last line, 64 hex characters. */
  readonly ledgerHash: string;
  /** What the base model is called. */
  readonly baseName: string;
  /** What evaluated the model. */
  readonly runtime: { readonly name: string; readonly version: string };
  readonly verifyCommand: string;
  readonly replayCommand: string;
  /** Software by name, for example `{ dpzo: "0.1.0", node: "20.20.0" }`. */
  readonly versions: Readonly<Record<string, string>>;
}
