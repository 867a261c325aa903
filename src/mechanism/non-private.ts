import { clipToLattice } from "./lattice.js";
import { checkedLatticeSpec, type LatticeSpec } from "./spec.js";
import { requireLength } from "./sum.js";

/** As a private mechanism's spec, without noise; the lattice only fixes the unit of the ledger's integers. */
export interface NonPrivateSpec extends LatticeSpec {
  /** True: clip each example as the private mechanism does (debugging). False: no clip at all (MeZO). */
  readonly clips: boolean;
}

/** The batch's sum itself. **Not private**: never call it a release, never state an epsilon for it. */
export interface NonPrivateSum {
  readonly private: false;
  /** K safe integers, in lattice units. */
  readonly values: readonly number[];
}

/** A mechanism without noise; `private: false` makes a plan or report refuse to state an epsilon. */
export interface NonPrivateMechanism {
  readonly private: false;
  readonly spec: NonPrivateSpec;
  release(differences: Iterable<Float64Array>): NonPrivateSum;
}

/**
 * The same sum without noise, for `--debug-non-private` and MeZO. **It gives no privacy whatever.**
 *
 * Guarantees:
 * - It is told from a private mechanism by `private: false`, in the mechanism and in what it returns.
 * - It never returns a `Release`.
 * - It draws no randomness.
 *
 * Non-finite differences count as zero, and values saturate at the largest safe integer.
 *
 * @throws {MechanismError} codes `directions`, `clip-threshold`, `lattice-sensitivity`, `difference-length`.
 * @example
 * const spec = { directions: 1, clipThreshold: 1, latticeSensitivity: 1024, clips: false };
 * createNonPrivateMechanism(spec).release([Float64Array.of(2.5)]).values; // [2560]
 */
export function createNonPrivateMechanism(spec: NonPrivateSpec): NonPrivateMechanism {
  const checked = Object.freeze({ ...checkedLatticeSpec(spec), clips: spec.clips });
  return Object.freeze({
    private: false as const,
    spec: checked,
    release(differences: Iterable<Float64Array>): NonPrivateSum {
      const values = Object.freeze(Array.from(sum(differences, checked)));
      return Object.freeze({ private: false as const, values });
    },
  });
}

function sum(differences: Iterable<Float64Array>, spec: NonPrivateSpec): Float64Array {
  const sums = new Float64Array(spec.directions);
  const units = new Float64Array(spec.directions);
  for (const vector of differences) {
    requireLength(vector, spec.directions);
    if (spec.clips) clipToLattice(vector, spec, units);
    else toLattice(vector, spec, units);
    for (let k = 0; k < sums.length; k++) sums[k] = saturate((sums[k] ?? 0) + (units[k] ?? 0));
  }
  return sums;
}

/** Rounds to the nearest lattice point, without a clip. */
function toLattice(vector: Float64Array, spec: NonPrivateSpec, out: Float64Array): void {
  for (let k = 0; k < out.length; k++) {
    const value = vector[k] ?? 0;
    const units = Number.isFinite(value) ? (value / spec.clipThreshold) * spec.latticeSensitivity : 0;
    out[k] = saturate(Math.round(units) + 0);
  }
}

function saturate(value: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}
