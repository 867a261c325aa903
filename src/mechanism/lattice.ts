import { differenceSensitivity, type LatticeSpec, scalarBound } from "./spec.js";

/**
 * Clips one example's differences, as one vector or each on its own, and rounds them onto the integer lattice.
 *
 * Guarantees:
 * - The sum of squares of the result is at most N^2, checked in exact integer arithmetic for any input at all.
 * - Non-finite entries count as zero before the clip; the finite ones are kept.
 * - Rounding is toward zero, so it never makes an entry or the norm larger.
 * - A vector clip keeps the vector's direction up to the rounding, from the smallest float to the largest.
 * - Where the spec counts examples, the last integer is +h if the norm was at most the clip threshold and -h if not.
 *
 * @param differences K numbers, any float64 values
 * @param out K numbers, or K + 1 with the count; overwritten with integers, none of them -0
 * @see docs/pitfalls.md on floating-point sensitivity; Mironov 2012, https://doi.org/10.1145/2382196.2382264
 */
export function clipToLattice(differences: Float64Array, spec: LatticeSpec, out: Float64Array): void {
  const { clip, clipThreshold, countSensitivity, directions } = spec;
  const bound = differenceSensitivity(spec);
  const units = countSensitivity === undefined ? out : out.subarray(0, directions);
  if (clip === "per-scalar") {
    clipEach(differences, spec, units);
  } else {
    const isWithin = clipVector(differences, clipThreshold, bound, units);
    if (countSensitivity !== undefined) out[directions] = isWithin ? countSensitivity : -countSensitivity;
  }
  shrinkToSensitivity(units, bound);
}

/** Each difference to [-c, c], which is [-b, b] in lattice units. */
function clipEach(differences: Float64Array, spec: LatticeSpec, out: Float64Array): void {
  const bound = scalarBound(spec);
  for (let k = 0; k < out.length; k++) {
    const share = finiteOrZero(differences[k]) / spec.clipThreshold;
    out[k] = Math.trunc(Math.max(-1, Math.min(1, share)) * bound) + 0;
  }
}

/**
 * The vector to norm c, which is `bound` in lattice units, up to the last bits of float arithmetic.
 *
 * @returns whether it was within c already
 */
function clipVector(
  differences: Float64Array,
  clipThreshold: number,
  bound: number,
  out: Float64Array,
): boolean {
  let largest = 0;
  for (let k = 0; k < out.length; k++) {
    const value = finiteOrZero(differences[k]);
    out[k] = value;
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest === 0) {
    out.fill(0);
    return true;
  }
  // Everything is taken relative to the largest entry, so no square overflows or vanishes.
  let squares = 0;
  for (const value of out) squares += (value / largest) ** 2;
  const relativeNorm = Math.sqrt(squares);
  // min(1, c / ||v||) * (bound / c), written so that neither a huge nor a tiny norm leaves float64.
  const clips = relativeNorm > clipThreshold / largest;
  for (let k = 0; k < out.length; k++) {
    const value = out[k] ?? 0;
    const share = clips ? value / largest / relativeNorm : value / clipThreshold;
    out[k] = Math.trunc(share * bound) + 0;
  }
  return !clips;
}

/**
 * Moves entries toward zero, one unit of the largest at a time, until the sum of squares is at most N^2.
 *
 * The float arithmetic before it is off by a few units in the last place at most, so this hardly ever turns,
 * but the guarantee must not rest on that.
 */
export function shrinkToSensitivity(lattice: Float64Array, latticeSensitivity: number): void {
  for (let k = 0; k < lattice.length; k++) {
    const value = lattice[k] ?? 0;
    const integer = Number.isInteger(value) ? value : 0;
    lattice[k] = Math.max(-latticeSensitivity, Math.min(latticeSensitivity, integer));
  }
  while (exceeds(lattice, latticeSensitivity ** 2)) {
    const at = indexOfLargest(lattice);
    const value = lattice[at] ?? 0;
    lattice[at] = value - Math.sign(value);
  }
}

/** Whether the sum of squares is above `bound` <= 2^48: exact, because no partial sum passes 2^49. */
function exceeds(lattice: Float64Array, bound: number): boolean {
  let sum = 0;
  for (const value of lattice) {
    sum += value * value;
    if (sum > bound) return true;
  }
  return false;
}

function indexOfLargest(lattice: Float64Array): number {
  let at = 0;
  for (let k = 1; k < lattice.length; k++) {
    if (Math.abs(lattice[k] ?? 0) > Math.abs(lattice[at] ?? 0)) at = k;
  }
  return at;
}

function finiteOrZero(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
