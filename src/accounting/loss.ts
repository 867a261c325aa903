import type { Sampling } from "./group-sampling.js";
import { logAdd } from "./logarithm.js";
import type { Cut, Direction, Discretised, Grid } from "./splat.js";

/** A rough picture of a tilted loss distribution: masses exp(logMass) at losses. Guides choices, proves nothing. */
export interface Sketch {
  readonly logMass: readonly number[];
  readonly loss: readonly number[];
}

/** One release's loss distribution in one direction. */
export interface LossSource {
  /** Distance between neighbouring losses when they form a lattice, or the distance between two atoms. */
  readonly spacing?: { readonly origin: number; readonly step: number };
  /** The loss distribution multiplied by exp(tilt * loss), not normalised, without a tail of P-mass exp(logTail). */
  sketch(tilt: number, logTail: number): Sketch;
  /** Rigorous discretisation; what `cut` allows to leave out is accounted for in the pair. */
  discretise(grid: Grid, cut: Cut): Discretised;
}

/** The power of dP/dQ that tilts Q0: P is the mixture when a record is removed, Q0 when one is added. */
export function mixturePower(direction: Direction, tilt: number): number {
  return direction === "remove" ? 1 + tilt : -tilt;
}

/**
 * The largest loss of noise whose log likelihood ratio is at most `ratio` a shift, Infinity where it has no bound: adding
 * records shows at most the mass not sampled.
 */
export function largestLoss({ rate: q, records }: Sampling, ratio: number, direction: Direction): number {
  if (direction === "remove") return ratio === Infinity ? Infinity : records * logMixture(q, ratio);
  if (ratio < Infinity) return -records * logMixture(q, -ratio);
  return q < 1 ? -records * Math.log1p(-q) : Infinity;
}

/** log(1 - q + q e^ratio), for any size of ratio. */
export function logMixture(q: number, ratio: number): number {
  if (q === 1) return ratio;
  const odds = (1 - q) / q;
  // The odds of a denormal rate are infinite.
  if (ratio > 30 && odds < Infinity) return ratio + Math.log(q) + Math.log1p(odds * Math.exp(-ratio));
  if (ratio > 30) return logAdd(0, ratio + Math.log(q));
  return Math.log1p(q * Math.expm1(ratio));
}

/** The ratio at which the mixture's log likelihood ratio is `loss`; -Infinity below its least value. For one record. */
export function mixtureRatio(q: number, loss: number): number {
  if (q === 1) return loss;
  if (loss > 30) return loss + Math.log1p(-(1 - q) * Math.exp(-loss)) - Math.log(q);
  const ratio = (Math.expm1(loss) + q) / q;
  return ratio <= 0 ? -Infinity : Math.log(ratio);
}

/** An atom of the noise: log of its probability, and of the mixture's over it. */
export interface Atom {
  readonly logMass: number;
  readonly mixture: number;
}

/** Probability (log) under P, and loss. */
export interface SampledAtom {
  readonly logP: number;
  readonly loss: number;
}

/** An atom in one direction. */
export function sampledAtom(atom: Atom, direction: Direction): SampledAtom {
  const { mixture } = atom;
  return direction === "remove"
    ? { logP: atom.logMass + mixture, loss: mixture }
    : { logP: atom.logMass, loss: -mixture };
}
