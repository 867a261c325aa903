import { MechanismError } from "./errors.js";

/** What the mechanism does to a batch; public, part of the plan. */
export interface MechanismSpec {
  /** How many directional differences an example has (K). */
  readonly directions: number;
  /** Bound on the L2 norm of an example's vector of K differences (c), in real units. */
  readonly clipThreshold: number;
  /** The same bound in lattice units (N): one real unit is N / c lattice units. */
  readonly latticeSensitivity: number;
  /** Parameter of the discrete Gaussian (S), in lattice units; the noise multiplier is exactly S / N. */
  readonly standardDeviation: number;
}

/** The part of a spec that says how differences become integers. */
export type LatticeSpec = Omit<MechanismSpec, "standardDeviation">;

/** Papers use 1 to 512 directions; this also bounds a ledger's line (src/ledger/bounds.ts). */
export const mostDirections = 4096;
/** Coarser than 1/1024 of the clip threshold, rounding would visibly eat the signal. */
export const leastLatticeSensitivity = 2 ** 10;
/** N^2 and a sum of squares up to N^2 plus one more stay far below 2^53, so the check is exact. */
export const mostLatticeSensitivity = 2 ** 24;
/** Noise beyond 2^52 then has a probability below exp(-2^23). */
export const mostStandardDeviation = 2 ** 40;
/** Beyond it c / N and N / c would leave the range where float64 is precise. */
export const clipThresholdRange: readonly [number, number] = [2 ** -100, 2 ** 100];

/**
 * How many records a batch may hold: sums of that many clipped vectors stay within 2^52, where float64 adds
 * integers exactly. A plan must refuse a public size above it.
 */
export function maximumRecords(spec: Pick<MechanismSpec, "latticeSensitivity">): number {
  return Math.floor(2 ** 52 / spec.latticeSensitivity);
}

/** The noise multiplier S / N (sigma): standard deviation over L2 sensitivity. */
export function noiseMultiplier(spec: MechanismSpec): number {
  return spec.standardDeviation / spec.latticeSensitivity;
}

/**
 * A frozen copy of a spec whose every number is in range.
 *
 * @throws {MechanismError} codes `directions`, `clip-threshold`, `lattice-sensitivity`, `standard-deviation`.
 */
export function checkedMechanismSpec(spec: MechanismSpec): MechanismSpec {
  const lattice = checkedLatticeSpec(spec);
  const { standardDeviation } = spec;
  requireInteger("standard-deviation", "standard deviation", standardDeviation, 1, mostStandardDeviation);
  return Object.freeze({ ...lattice, standardDeviation });
}

/** As `checkedMechanismSpec`, for the lattice alone. */
export function checkedLatticeSpec(spec: LatticeSpec): LatticeSpec {
  const { directions, clipThreshold, latticeSensitivity } = spec;
  requireInteger("directions", "number of directions", directions, 1, mostDirections);
  requireInteger(
    "lattice-sensitivity",
    "lattice sensitivity",
    latticeSensitivity,
    leastLatticeSensitivity,
    mostLatticeSensitivity,
  );
  const [low, high] = clipThresholdRange;
  if (!(clipThreshold >= low && clipThreshold <= high)) {
    throw new MechanismError("clip-threshold", {
      message: `The clip threshold is ${clipThreshold}.`,
      value: clipThreshold,
      expected: "a finite number from 2^-100 to 2^100",
    });
  }
  return Object.freeze({ directions, clipThreshold, latticeSensitivity });
}

function requireInteger(
  code: "directions" | "lattice-sensitivity" | "standard-deviation",
  name: string,
  value: number,
  low: number,
  high: number,
): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new MechanismError(code, {
    message: `The ${name} is ${value}.`,
    value,
    expected: `an integer from ${low} to ${high}`,
  });
}
