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
  /**
   * Integer (h) with which an example is counted, in one more coordinate: +h if its differences were within the clip
   * threshold, -h if they were clipped. Absent: not counted. What it takes of N is taken from the differences.
   */
  readonly countSensitivity?: number | undefined;
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
  return largestBound(directions, latticeSensitivity ** 2);
}

/** The largest integer b with times b^2 <= most, whatever the square root's rounding. */
function largestBound(times: number, most: number): number {
  let bound = Math.floor(Math.sqrt(most / times));
  while (times * bound ** 2 > most) bound -= 1;
  while (times * (bound + 1) ** 2 <= most) bound += 1;
  return bound;
}

/**
 * Bound on the L2 norm of an example's differences in lattice units: N, or what the count leaves of it, the largest m with
 * m^2 + h^2 <= N^2.
 *
 * So the differences and the count together have norm at most N, exactly, and counting changes no sensitivity.
 */
export function differenceSensitivity({ latticeSensitivity, countSensitivity = 0 }: LatticeSpec): number {
  return largestBound(1, latticeSensitivity ** 2 - countSensitivity ** 2);
}

/** How many integers one release has: K, and one more where examples are counted. */
export function releaseLength({
  directions,
  countSensitivity,
}: Pick<LatticeSpec, "directions" | "countSensitivity">): number {
  return countSensitivity === undefined ? directions : directions + 1;
}

/** One lattice unit of a difference in real units: c over the bound on the differences, or on one of them. */
export function latticeUnit(spec: LatticeSpec): number {
  return spec.clipThreshold / (spec.clip === "per-scalar" ? scalarBound(spec) : differenceSensitivity(spec));
}

/**
 * A frozen copy of a spec whose every number is in range.
 *
 * @throws {MechanismError} codes `directions`, `clip-threshold`, `clip-region`, `count`, `lattice-sensitivity`,
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
  requireInteger("laplace-directions", "number of values under Laplace noise", releaseLength(spec), 1, 1);
  return Object.freeze({ ...lattice, scale }) as Spec;
}

/** As `checkedMechanismSpec`, for the lattice alone. */
export function checkedLatticeSpec(spec: LatticeSpec): LatticeSpec {
  const { directions, clipThreshold, latticeSensitivity, clip, countSensitivity } = spec;
  const isCounted = countSensitivity !== undefined;
  requireInteger("directions", "number of directions", directions, 1, mostDirections - (isCounted ? 1 : 0));
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
  if (isCounted) {
    requireInteger("count", "sensitivity of the count", countSensitivity, 1, latticeSensitivity / 2);
    requireVectorClip(clip);
  }
  return Object.freeze({
    directions,
    clipThreshold,
    latticeSensitivity,
    ...(clip && { clip }),
    ...(isCounted && { countSensitivity }),
  });
}

/** Only the clip of the whole vector has one norm to compare with the threshold. */
function requireVectorClip(clip: ClipRegion | undefined): void {
  if (clip !== "per-scalar") return;
  throw new MechanismError("count", {
    message: "Examples cannot be counted where each difference is clipped on its own.",
    value: clip,
    expected: "one clip of the whole vector",
  });
}

function requireInteger(
  code:
    | "count"
    | "directions"
    | "laplace-directions"
    | "laplace-scale"
    | "lattice-sensitivity"
    | "standard-deviation",
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
