import { MechanismError } from "./errors.js";
import { clipToLattice } from "./lattice.js";
import { maximumRecords, releaseLength, type LatticeSpec } from "./spec.js";

/**
 * The exact integer sum of a batch's clipped vectors, with their count where the spec has one. **Private**: only the
 * mechanism may hold it.
 *
 * Guarantees:
 * - It is exact: every partial sum is an integer within 2^52.
 * - If reading the batch throws, what was summed is set to zero and the error goes through.
 *
 * @throws {MechanismError} codes `difference-length`, `too-many-records`; neither says how many were read.
 */
export function sumOnLattice(differences: Iterable<Float64Array>, spec: LatticeSpec): Float64Array {
  const sums = new Float64Array(releaseLength(spec));
  const lattice = new Float64Array(sums.length);
  let room = maximumRecords(spec);
  try {
    for (const vector of differences) {
      requireLength(vector, spec.directions);
      if (room === 0) throw tooManyRecords(spec);
      room -= 1;
      clipToLattice(vector, spec, lattice);
      for (let k = 0; k < sums.length; k++) sums[k] = (sums[k] ?? 0) + (lattice[k] ?? 0);
    }
    return sums;
  } catch (error) {
    sums.fill(0);
    throw error;
  } finally {
    lattice.fill(0);
  }
}

/** A vector of another length is a bug of the measuring side, whatever the data: stop before noise is drawn. */
export function requireLength(vector: Float64Array, directions: number): void {
  if (vector.length === directions) return;
  throw new MechanismError("difference-length", {
    message: `An example's vector of differences has ${vector.length} entries.`,
    value: vector.length,
    expected: `${directions}, the number of directions`,
  });
}

function tooManyRecords(spec: LatticeSpec): MechanismError {
  return new MechanismError("too-many-records", {
    message: "The batch may be larger than sums can be exact for.",
    expected: `a public size of at most ${maximumRecords(spec)} records`,
    next: "Use a smaller lattice sensitivity.",
  });
}

const largest = BigInt(Number.MAX_SAFE_INTEGER);

/** The exact integer sum + noise, set to the nearest safe integer where it is beyond; noise has no bound. */
export function saturatedSum(sum: number, noise: bigint): number {
  const total = BigInt(sum) + noise;
  if (total > largest) return Number.MAX_SAFE_INTEGER;
  return total < -largest ? Number.MIN_SAFE_INTEGER : Number(total);
}
