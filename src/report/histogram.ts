import type { LedgerEntry } from "../ledger/index.js";

/** All released values, in units of the noise's standard deviation, counted in bins of equal width. */
export interface Histogram {
  readonly binWidth: number;
  /** Bins cover -limit to limit; what lies beyond is counted in the outermost bin. */
  readonly limit: number;
  readonly counts: readonly number[];
  readonly total: number;
  /** Values beyond the limits. */
  readonly beyond: number;
}

const least = 4;
const most = 8;

/** Counts all values of all entries, divided by the noise's standard deviation (lattice units both). */
export function histogramOf(entries: readonly LedgerEntry[], standardDeviation: number): Histogram {
  const { total, largest } = extentOf(entries);
  const limit = Math.min(most, Math.max(least, Math.ceil(largest / standardDeviation)));
  const binWidth = total < 2000 ? 0.5 : 0.2;
  const counts = new Array<number>((2 * limit) / binWidth).fill(0);
  let beyond = 0;
  for (const { values = [] } of entries) {
    for (const value of values) {
      const standardised = value / standardDeviation;
      const bin = Math.floor((standardised + limit) / binWidth);
      const kept = Math.min(counts.length - 1, Math.max(0, bin));
      counts[kept] = (counts[kept] ?? 0) + 1;
      if (Math.abs(standardised) > limit) beyond += 1;
    }
  }
  return { binWidth, limit, counts, total, beyond };
}

function extentOf(entries: readonly LedgerEntry[]): { total: number; largest: number } {
  let total = 0;
  let largest = 0;
  for (const { values = [] } of entries) {
    total += values.length;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
  }
  return { total, largest };
}
