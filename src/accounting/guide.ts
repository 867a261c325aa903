import { decayed } from "./logarithm.js";
import type { LossSource, Sketch } from "./loss.js";
import { spend } from "./work.js";

/** A loss source composed with itself. */
export interface Component {
  readonly source: LossSource;
  readonly times: number;
}

/** Cumulant of a tilted source and its first two derivatives. Approximate: it steers, it does not prove. */
export interface Cumulant {
  readonly value: number;
  readonly mean: number;
  readonly variance: number;
}

/** The largest of some logarithms. */
export function largest(logs: readonly number[]): number {
  return logs.reduce((most, log) => Math.max(most, log), -Infinity);
}

/** A sketch's masses, the largest scaled to 1. */
export function relativeMasses({ logMass }: Sketch): number[] {
  const peak = largest(logMass);
  return logMass.map((log) => Math.exp(log - peak));
}

/** The mean under `masses`. */
function average(masses: readonly number[], of: (i: number) => number): number {
  let sum = 0;
  let weighted = 0;
  masses.forEach((mass, i) => {
    sum += mass;
    if (mass > 0) weighted += mass * of(i);
  });
  return weighted / sum;
}

export function cumulant(sketch: Sketch): Cumulant {
  const { logMass, loss } = sketch;
  const masses = relativeMasses(sketch);
  const sum = masses.reduce((total, mass) => total + mass, 0);
  const mean = average(masses, (i) => loss[i] as number);
  const variance = average(masses, (i) => ((loss[i] as number) - mean) ** 2);
  return { value: largest(logMass) + Math.log(sum), mean, variance };
}

/** The cumulants of a whole composition at one tilt. */
function composedCumulant(components: readonly Component[], tilt: number, logTail: number): Cumulant {
  let value = 0;
  let mean = 0;
  let variance = 0;
  for (const { source, times } of components) {
    const one = cumulant(source.sketch(tilt, logTail));
    value += times * one.value;
    mean += times * one.mean;
    variance += times * one.variance;
  }
  return { value, mean, variance };
}

/** What the accountant is asked: the point of the curve that matters. */
export type Target = { readonly logDelta: number } | { readonly epsilon: number };

/** Largest tilt tried; beyond it the loss is bounded and its bound is the answer. */
const maximumTilt = 1e5;

/** A tilt, and the mean and standard deviation of the composed loss tilted by it. */
export interface Saddle {
  readonly tilt: number;
  readonly epsilon: number;
  readonly spread: number;
  /** Chernoff's bound on delta at `epsilon`. */
  readonly logDelta: number;
}

/** The saddle point for a target: where the tilted loss is centred on the epsilon in question. */
export function findTilt(components: readonly Component[], target: Target, logTail: number): Saddle {
  const excess = (tilt: number): { value: number; at: Cumulant } => {
    spend(1000);
    const at = composedCumulant(components, tilt, logTail);
    if ("epsilon" in target) return { value: at.mean - target.epsilon, at };
    const spread = Math.sqrt(at.variance);
    // Chernoff's exponent with the saddle-point prefactor, smoothed where the approximation fails.
    const logDelta = at.value - tilt * at.mean - Math.log1p(tilt) - Math.log1p(2.5 * tilt * spread);
    return { value: target.logDelta - logDelta, at };
  };
  const atZero = excess(1e-9);
  if (!(atZero.value < 0)) return result(0, atZero.at);
  let low = 1e-9;
  let high = Infinity;
  let best = atZero.at;
  // Climb from small tilts, where sketches are cheap, then bisect in the logarithm.
  for (let trial = 1e-3; high / low > 1.1 && trial < maximumTilt;) {
    const next = excess(trial);
    if (next.value < 0) {
      low = trial;
      best = next.at;
    } else high = trial;
    trial = high === Infinity ? trial * 4 : Math.sqrt(Math.max(low, high * 1e-3) * high);
    if (high < 1e-8) break;
  }
  return result(low, best);
}

function result(tilt: number, at: Cumulant): Saddle {
  return { tilt, epsilon: at.mean, spread: Math.sqrt(at.variance), logDelta: at.value - tilt * at.mean };
}

/** Width of the losses that carry all but a fraction 1e-17 of a sketch. */
export function lossWidth({ logMass, loss }: Sketch): number {
  const threshold = largest(logMass) - 40;
  let least = Infinity;
  let most = -Infinity;
  loss.forEach((value, i) => {
    if ((logMass[i] as number) < threshold) return;
    least = Math.min(least, value);
    most = Math.max(most, value);
  });
  return most - least;
}

/**
 * The increase of epsilon that splitting onto a grid of width `step` costs one release, roughly:
 * (E[exp(tilt * shift)] - 1) / tilt under the tilted law, or the mean shift where tilt is 0.
 */
export function splitCost(sketch: Sketch, step: number, origin: number, tilt: number): number {
  spend(10 * sketch.loss.length);
  const whole = decayed(step);
  return average(relativeMasses(sketch), (i) => {
    const place = ((sketch.loss[i] as number) - origin) / step;
    const offset = (place - Math.floor(place)) * step;
    const share = decayed(offset) / whole;
    if (tilt < 1e-6) return share * step - offset;
    return ((1 - share) * Math.expm1(-tilt * offset) + share * Math.expm1(tilt * (step - offset))) / tilt;
  });
}
