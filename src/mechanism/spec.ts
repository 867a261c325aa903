import { MechanismError } from "./errors.js";

/**
 * What an example's K differences are clipped to.
 *
 * - `vector`: the ball of radius c in L2 norm (DP-AggZO).
 * - `per-scalar`: the cube in which each difference is at most c on its own (DP-ZOSO as published). It lies in the ball
 *   of radius c sqrt(K), which is what it costs: the noise is that of this ball, sqrt(K) times that of one difference.
 *
 * With one direction they are the same.
 */
export type ClipRegion = "vector" | "per-scalar";

/** A spec may come from a file, so its type is checked too. */
const clipRegions: ReadonlySet<unknown> = new Set<ClipRegion>(["vector", "per-scalar"]);

/** How differences become integers; public, part of the plan. */
export interface LatticeSpec {
  /** How many directional differences an example has (K). */
  readonly directions: number;
  /** The bound of the clip (c), in real units. */
  readonly clipThreshold: number;
  /** Bound on the L2 norm of an example's integers (N), whatever the clip. */
  readonly latticeSensitivity: number;
  /** `vector` unless said otherwise. */
  readonly clip?: ClipRegion | undefined;
}

/** A mechanism with discrete Gaussian noise; public, part of the plan. */
export interface MechanismSpec extends LatticeSpec {
  /** Parameter of the discrete Gaussian (S), in lattice units; the noise multiplier is exactly S / N. */
  readonly standardDeviation: number;
}

/**
 * A mechanism with discrete Laplace noise, for one direction; public, part of the plan.
 *
 * Only with one direction are the L1 sensitivity, which Laplace noise answers to, and the L2 sensitivity N the same
 * integer; more are refused.
 */
export interface LaplaceMechanismSpec extends LatticeSpec {
  /** Parameter of the discrete Laplace (t), in lattice units: one release is N / t-differentially private. */
  readonly scale: number;
}

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
 * The bound on one difference in lattice units, where each is clipped on its own: the largest b with K b^2 <= N^2.
 *
 * So K such integers have L2 norm at most N, exactly, and the mechanism's sensitivity is N whatever the clip.
 */
export function scalarBound({ directions, latticeSensitivity }: LatticeSpec): number {
  const most = latticeSensitivity ** 2;
  let bound = Math.floor(latticeSensitivity / Math.sqrt(directions));
  while (directions * bound ** 2 > most) bound -= 1;
  while (directions * (bound + 1) ** 2 <= most) bound += 1;
  return bound;
}

/** One lattice unit in real units: c / N, or c over the bound on one difference where each is clipped on its own. */
export function latticeUnit(spec: LatticeSpec): number {
  return spec.clipThreshold / (spec.clip === "per-scalar" ? scalarBound(spec) : spec.latticeSensitivity);
}

/**
 * A frozen copy of a spec whose every number is in range.
 *
 * @throws {MechanismError} codes `directions`, `clip-threshold`, `clip-region`, `lattice-sensitivity`,
 *   `standard-deviation`, `laplace-scale`, `laplace-directions`.
 */
export function checkedMechanismSpec<Spec extends MechanismSpec | LaplaceMechanismSpec>(spec: Spec): Spec {
  const lattice = checkedLatticeSpec(spec);
  if ("standardDeviation" in spec) {
    const { standardDeviation } = spec;
    requireInteger("standard-deviation", "standard deviation", standardDeviation, 1, mostStandardDeviation);
    return Object.freeze({ ...lattice, standardDeviation }) as Spec;
  }
  const { scale } = spec;
  requireInteger("laplace-scale", "scale of the Laplace noise", scale, 1, mostStandardDeviation);
  requireInteger("laplace-directions", "number of directions under Laplace noise", spec.directions, 1, 1);
  return Object.freeze({ ...lattice, scale }) as Spec;
}

/** As `checkedMechanismSpec`, for the lattice alone. */
export function checkedLatticeSpec(spec: LatticeSpec): LatticeSpec {
  const { directions, clipThreshold, latticeSensitivity, clip } = spec;
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
  if (clip !== undefined && !clipRegions.has(clip)) {
    throw new MechanismError("clip-region", {
      message: `There is no clip "${clip}".`,
      value: clip,
      expected: "vector or per-scalar",
    });
  }
  return Object.freeze({ directions, clipThreshold, latticeSensitivity, ...(clip && { clip }) });
}

function requireInteger(
  code: "directions" | "laplace-directions" | "laplace-scale" | "lattice-sensitivity" | "standard-deviation",
  name: string,
  value: number,
  low: number,
  high: number,
): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new MechanismError(code, {
    message: `The ${name} is ${value}.`,
    value,
    expected: low === high ? String(low) : `an integer from ${low} to ${high}`,
  });
}
