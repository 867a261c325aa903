import { createHash } from "node:crypto";
import type { MailLabel } from "./read-corpus.js";

/** A mail's text and what it is. */
export interface MailRecord {
  readonly text: string;
  readonly label: MailLabel;
}

/** Indices of the records on either side. */
export interface Split {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

const labels: readonly MailLabel[] = ["ham", "spam"];

/**
 * Puts whole groups of near-duplicates into train or test, in the order of a hash of their contents.
 *
 * Guarantees:
 * - A group is on one side.
 * - The same records give the same split, in whatever order they come; there is no seed.
 * - The classes have the same share in test as in all, to a record.
 */
export function splitGroups(
  records: readonly MailRecord[],
  groups: readonly (readonly number[])[],
  testSize: number,
): Split {
  const hashes = records.map(({ text }) => contentHash(text));
  const keyOf = (group: readonly number[]): string =>
    contentHash(`split ${group.map((member) => hashes[member] ?? "").sort()[0] ?? ""}`);
  const ordered = groups.map((group) => ({ group, key: keyOf(group) })).sort((a, b) => compare(a.key, b.key));
  const room = testQuota(records, testSize);
  const test: number[] = [];
  for (const { group } of ordered) {
    const needed = countLabels(group.map((member) => records[member]));
    if (labels.some((label) => needed[label] > room[label])) continue;
    for (const label of labels) room[label] -= needed[label];
    test.push(...group);
  }
  const chosen = new Set(test);
  const byHash = (a: number, b: number): number => compare(hashes[a] ?? "", hashes[b] ?? "");
  const train = records.map((_, index) => index).filter((index) => !chosen.has(index));
  return { train: train.sort(byHash), test: test.sort(byHash) };
}

/** Records of each class. */
export function countLabels(records: readonly (MailRecord | undefined)[]): Record<MailLabel, number> {
  const counts: Record<MailLabel, number> = { ham: 0, spam: 0 };
  for (const record of records) if (record !== undefined) counts[record.label] += 1;
  return counts;
}

function testQuota(records: readonly MailRecord[], testSize: number): Record<MailLabel, number> {
  const ham = Math.round((testSize * countLabels(records).ham) / Math.max(1, records.length));
  return { ham, spam: testSize - ham };
}

function contentHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
