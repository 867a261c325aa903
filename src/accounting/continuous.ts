import { fourPoint, type Rule, threePoint, twoPoint } from "./quadrature.js";
import { type Atom, type LossSource, mixturePower, mixtureRatio, sampledAtom } from "./loss.js";
import type { Sampling } from "./group-sampling.js";
import { type Mixture, mixtureOf } from "./mixture.js";
import { binBoundary } from "./lower-measure.js";
import { type Cut, type Direction, type Grid, isInside, type Splatter, splatter } from "./splat.js";
import { spend } from "./work.js";

/**
 * Additive noise with a log-concave density, sensitivity scaled to 1: Q0 has the noise at 0.
 */
export interface NoiseFamily {
  /** log likelihood ratio at x of the noise moved by j: `slope * (x - 1/2)` for one. */
  readonly ratio: (x: number, j: number) => number;
  readonly slope: number;
  /** Logarithm of the density of Q0. */
  readonly logDensity: (x: number) => number;
  /** A bound on the absolute slope of `logDensity` between two points. */
  steepness(from: number, to: number): number;
  /**
   * An interval of about `k` widths around everything that density times (mixture)^power puts weight on, and the
   * logarithms of rigorous bounds on the weight left and right of it.
   */
  range(mixture: Mixture, power: number, k: number): Range;
  /** A point beyond which, towards large losses, P has probability at most exp(logTail). */
  tailPoint(mixture: Mixture, direction: Direction, logTail: number): number;
  /** Spacing of points at which sums of smooth functions of the density are good enough to guide choices. */
  sketchStep(most: number): number;
  /** Half the width, in x, of the neighbourhood of 0 and of the tilted mode that can matter; Infinity: everywhere. */
  reach(power: number): number;
  /** Whether the density has kinks wherever a shift ends, at the integers. */
  readonly kinks: boolean;
  /** Losses outside the continuous part. */
  atoms(mixture: Mixture): readonly Atom[];
  /** Bin boundaries of the lower measure must be odd multiples of half of this: the noise is rounded to a lattice. */
  readonly lattice?: number;
}

/** Rules, and up to which variation of log density plus ratio they are exact to about 1e-14. */
const rules = [
  [2e-3, twoPoint],
  [0.04, threePoint],
  [0.25, fourPoint],
] as const;
const widestVariation = 0.25;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly logLeft: number;
  readonly logRight: number;
}

/** Where the mass of one half cell goes. */
interface HalfCell {
  readonly into: Splatter;
  readonly logScale: number;
  readonly cell: number;
  readonly power: number;
  readonly logIgnored: number;
  readonly upperBin: boolean;
}

/** The loss source of Poisson-sampled additive noise. */
export function continuousSource(family: NoiseFamily, sampling: Sampling, direction: Direction): LossSource {
  const { slope, lattice, logDensity } = family;
  const mixture = mixtureOf(sampling, family.ratio);
  const { most } = mixture;
  const removed = direction === "remove";
  const sign = removed ? 1 : -1;
  const sampled = family.atoms(mixture).map((atom) => sampledAtom(atom, direction));
  const mixtureAt = (x: number): number => mixture.log(x);
  const lossAt = (x: number): number => sign * mixtureAt(x);
  const invert =
    most === 1 ? undefined : inverseOf(mixture, slope, family.kinks ? [0, most] : [-Infinity, Infinity]);
  const position = (loss: number): number =>
    invert === undefined ? 0.5 + mixtureRatio(sampling.rate, sign * loss) / slope : invert(sign * loss);

  /** A bin boundary of the lower measure, on the lattice of rounded noise if there is one. */
  const boundary = (loss: number): number => {
    const x = position(loss);
    return lattice === undefined ? x : (Math.floor(x / lattice) + 0.5) * lattice;
  };

  /** Without the tail of large losses whose probability does not matter. */
  const shortened = (range: Range, logTail: number): Range => {
    const point = family.tailPoint(mixture, direction, logTail);
    if (removed) return point < range.to ? { ...range, to: point, logRight: -Infinity } : range;
    return point > range.from ? { ...range, from: point, logLeft: -Infinity } : range;
  };

  const clipped = (range: Range, window: Cut["window"]): Range => {
    if (window === undefined) return range;
    const ends = window.map(position);
    const from = Math.max(range.from, Math.min(...ends));
    return { ...range, from, to: Math.max(from, Math.min(range.to, Math.max(...ends))) };
  };

  /** Logarithm of a bound on the tilted mass of [a, b]: width times the largest of the two factors' bounds. */
  const massBound = (a: number, b: number, power: number): number => {
    const mode = Math.min(b, Math.max(a, 0));
    return Math.log(b - a) + logDensity(mode) + power * mixtureAt(power >= 0 ? b : a);
  };

  const addPanel = ({ into, cell, upperBin }: HalfCell, start: number, width: number, rule: Rule): void => {
    for (const [node, weight] of rule) {
      const x = start + width * node;
      const logRatio = mixtureAt(x);
      const logMass = logDensity(x) + Math.log(width * weight);
      into.add(removed ? logMass + logRatio : logMass, sign * logRatio, cell, upperBin);
    }
  };

  /** Integrates over [a, b] inside one half cell; skips what cannot matter and returns a bound on it. */
  const integrate = (target: HalfCell, a: number, b: number): number => {
    if (!(b > a)) return 0;
    spend(10);
    const kink = family.kinks ? Math.floor(a) + 1 : b;
    if (kink < b) return integrate(target, a, kink) + integrate(target, kink, b);
    const variation = (b - a) * (family.steepness(a, b) + slope * mixture.meanShift(b));
    const bound = (): number => massBound(a, b, target.power);
    const skipped = (): number => Math.exp(bound() - target.logScale);
    const mayMatter = variation <= widestVariation && logDensity(Math.abs(a)) >= -30;
    if (!mayMatter && bound() < target.logIgnored) return skipped();
    if (variation > 8 * widestVariation) {
      const half = a + (b - a) / 2;
      // Doubles end before the density is smooth: nothing but a bound is known.
      if (!(half > a && half < b)) return skipped();
      return integrate(target, a, half) + integrate(target, half, b);
    }
    const count = Math.max(1, Math.ceil(variation / widestVariation));
    const width = (b - a) / count;
    const chosen = (rules.find(([most]) => variation <= most) ?? rules[2])[1];
    for (let p = 0; p < count; p += 1) addPanel(target, a + p * width, width, chosen);
    return 0;
  };

  /** Walks over the half cells in x and integrates each; returns tilted mass left out. */
  const fill = (into: Splatter, grid: Grid, range: Range, power: number, logIgnored: number): number => {
    const { step, logScale } = grid;
    const split = binBoundary(step);
    let cell = into.cell(lossAt(range.from));
    let { from } = range;
    let missing = 0;
    for (; from < range.to; cell += sign) {
      spend(10);
      const at = grid.origin + cell * step;
      const end = Math.min(range.to, position(removed ? at + step : at));
      if (!(end > from)) continue;
      const middle = Math.min(end, Math.max(from, boundary(at + split)));
      // For the add direction losses fall as x grows, so the first half cell belongs to the upper bin.
      const target = { into, cell, power, logIgnored: logIgnored + logScale, logScale };
      missing += integrate({ ...target, upperBin: !removed }, from, middle);
      missing += integrate({ ...target, upperBin: removed }, middle, end);
      from = end;
    }
    return missing;
  };

  const losses = sampled.map(({ loss }) => loss);
  const origin = Math.min(...losses);
  return {
    ...(losses.length === 0 ? {} : { spacing: { origin, step: Math.max(...losses) - origin } }),

    sketch: (tilt, logTail) => {
      const power = mixturePower(direction, tilt);
      const { from, to } = shortened(family.range(mixture, power, 8), logTail);
      const reach = most === 1 ? family.reach(power) : Infinity;
      const step = family.sketchStep(most);
      const logMass: number[] = [];
      const loss: number[] = [];
      spend((20 * Math.min(to - from, 4 * reach)) / step);
      for (let x = from + step / 2; x < to; x += step) {
        // Nothing that matters lies between the two modes of a narrow density.
        if (x > reach && x < power - reach) x = power - reach;
        const logRatio = mixtureAt(x);
        logMass.push(logDensity(x) + power * logRatio + Math.log(step));
        loss.push(sign * logRatio);
      }
      for (const atom of sampled) {
        logMass.push(atom.logP + tilt * atom.loss);
        loss.push(atom.loss);
      }
      return { logMass, loss };
    },

    discretise: (grid, cut) => {
      const power = mixturePower(direction, grid.tilt);
      const logCut = Math.log(cut.tilted);
      let k = 6;
      let full = family.range(mixture, power, k);
      while (Math.max(full.logLeft, full.logRight) - grid.logScale > logCut && k < 80) {
        k += 0.5;
        full = family.range(mixture, power, k);
      }
      const range = clipped(shortened(full, cut.logTail), cut.window);
      const { from, to, logLeft, logRight } = range;
      const atoms = sampled.filter(({ loss }) => isInside(loss, cut.window));
      const ends = to > from || atoms.length === 0 ? [lossAt(from), lossAt(to)] : [];
      const all = [...ends, ...atoms.map(({ loss }) => loss)];
      const into = splatter(grid, Math.min(...all), Math.max(...all));
      const skipped = to > from ? fill(into, grid, range, power, logCut - 30) : 0;
      for (const { logP, loss } of atoms) into.add(logP, loss);
      const outside = Math.exp(logLeft - grid.logScale) + Math.exp(logRight - grid.logScale);
      return into.finish({
        tilted: skipped + outside,
        beyond: range === full ? 0 : Math.exp(cut.logTail - grid.logUnit),
      });
    },
  };
}

/**
 * Where the mixture's log ratio has a value: Newton's steps inside a bracket, from where the last search ended.
 *
 * @param ends where the ratio stops growing
 */
function inverseOf(
  mixture: Mixture,
  slope: number,
  ends: readonly [number, number],
): (value: number) => number {
  const { sampling } = mixture;
  const bounded = ends[1] < Infinity;
  const least = bounded ? mixture.log(ends[0]) : sampling.records * Math.log1p(-sampling.rate);
  const most = bounded ? mixture.log(ends[1]) : Infinity;
  let start = 0.5;
  return (value) => {
    if (!(value > least)) return ends[0];
    if (!(value < most)) return ends[1];
    let [low, high] = ends;
    let x = start;
    for (let [i, stride] = [0, 1 / slope]; i < 300; i += 1, stride *= 2) {
      const gap = mixture.log(x) - value;
      if (gap === 0) break;
      if (gap > 0) high = x;
      else low = x;
      const isBracketed = low > -Infinity && high < Infinity;
      if (isBracketed && high - low <= 1e-14 * Math.max(1, Math.abs(low), Math.abs(high))) break;
      const newton = x - gap / (slope * Math.max(1e-300, mixture.meanShift(x)));
      // Where the density has kinks the mean shift is above the slope: halving sees to the end of it.
      const trusted = newton > low && newton < high && (!isBracketed || i % 3 < 2);
      if (isBracketed) x = trusted ? newton : low + (high - low) / 2;
      else x = trusted && Math.abs(newton - x) < stride ? newton : x - Math.sign(gap) * stride;
      if (x === low || x === high) break;
    }
    start = x;
    return x;
  };
}
