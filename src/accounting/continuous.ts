import { fourPoint, type Rule, threePoint, twoPoint } from "./quadrature.js";
import { type Atom, logMixture, type LossSource, mixtureRatio, sampledAtom, type Sketch } from "./loss.js";
import { binBoundary } from "./measure.js";
import { type Cut, type Direction, type Discretised, type Grid, isInside, Splatter } from "./splat.js";

/**
 * Additive noise with a log-concave density, sensitivity scaled to 1: Q0 has the noise at 0, Q1 at 1, and the log
 * likelihood ratio is `slope * (x - 1/2)` on the continuous part.
 */
export interface NoiseFamily {
  readonly slope: number;
  /** Logarithm of the density of Q0. */
  logDensity(x: number): number;
  /** A bound on the absolute slope of `logDensity` between two points. */
  steepness(from: number, to: number): number;
  /**
   * An interval of about `k` widths around everything that density times (mixture)^power puts weight on, and the
   * logarithms of rigorous bounds on the weight left and right of it.
   */
  range(q: number, power: number, k: number): Range;
  /** A point beyond which, towards large losses, P has probability at most exp(logTail). */
  tailPoint(q: number, direction: Direction, logTail: number): number;
  /** Spacing of points at which sums of smooth functions of the density are good enough to guide choices. */
  readonly sketchStep: number;
  /** Half the width, in x, of the neighbourhood of 0 and of the tilted mode that can matter; Infinity: everywhere. */
  reach(power: number): number;
  /** Losses outside the continuous part. */
  readonly atoms: readonly Atom[];
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
  readonly splatter: Splatter;
  readonly logScale: number;
  readonly cell: number;
  readonly power: number;
  readonly logIgnored: number;
  readonly upperBin: boolean;
}

/** The loss source of Poisson-sampled additive noise. */
export class ContinuousSource implements LossSource {
  readonly maximumLoss: number;
  readonly spacing?: { readonly origin: number; readonly step: number };

  constructor(
    private readonly family: NoiseFamily,
    private readonly samplingRate: number,
    private readonly direction: Direction,
  ) {
    const losses = family.atoms.map((atom) => sampledAtom(samplingRate, atom, direction).loss);
    if (losses.length === 0) {
      // Adding a record can never be noticed by more than the mass that was not sampled.
      const bounded = direction === "add" && samplingRate < 1;
      this.maximumLoss = bounded ? -Math.log1p(-samplingRate) : Infinity;
    } else {
      this.maximumLoss = Math.max(...losses);
      const least = Math.min(...losses);
      this.spacing = { origin: least, step: this.maximumLoss - least };
    }
  }

  sketch(tilt: number, logTail: number): Sketch {
    const { family, samplingRate: q, direction } = this;
    const power = direction === "remove" ? 1 + tilt : -tilt;
    const { from, to } = this.shortened(family.range(q, power, 8), logTail);
    const reach = family.reach(power);
    const points: number[] = [];
    const step = family.sketchStep;
    for (let x = from + step / 2; x < to; x += step) {
      if (Math.abs(x) > reach && Math.abs(x - power) > reach) {
        // Nothing that matters lies between the two modes of a narrow density.
        const next = power - reach;
        if (x < next && x > reach) x = next;
      }
      points.push(x);
    }
    const logStep = Math.log(step);
    const size = points.length + family.atoms.length;
    const logMass = new Float64Array(size);
    const loss = new Float64Array(size);
    points.forEach((x, i) => {
      const mixture = this.mixtureAt(x);
      logMass[i] = family.logDensity(x) + power * mixture + logStep;
      loss[i] = direction === "remove" ? mixture : -mixture;
    });
    family.atoms.forEach((atom, i) => {
      const point = sampledAtom(q, atom, direction);
      logMass[points.length + i] = point.logP + tilt * point.loss;
      loss[points.length + i] = point.loss;
    });
    return { logMass, loss };
  }

  discretise(grid: Grid, cut: Cut): Discretised {
    const { family, samplingRate: q, direction } = this;
    const power = direction === "remove" ? 1 + grid.tilt : -grid.tilt;
    const logCut = Math.log(cut.tilted);
    let k = 6;
    let full = family.range(q, power, k);
    while (Math.max(full.logLeft, full.logRight) - grid.logScale > logCut && k < 80) {
      k += 0.5;
      full = family.range(q, power, k);
    }
    const range = this.clipped(this.shortened(full, cut.logTail), cut.window);
    const ends = [this.mixtureAt(range.from), this.mixtureAt(range.to)].map((l) =>
      direction === "remove" ? l : -l,
    );
    const atoms = family.atoms
      .map((atom) => sampledAtom(q, atom, direction))
      .filter(({ loss }) => isInside(loss, cut.window));
    const losses = [
      ...(range.to > range.from || atoms.length === 0 ? ends : []),
      ...atoms.map(({ loss }) => loss),
    ];
    const splatter = new Splatter(grid, Math.min(...losses), Math.max(...losses));
    const skipped = range.to > range.from ? this.fill(splatter, grid, range, power, logCut - 30) : 0;
    for (const { logP, loss } of atoms) splatter.add(logP, loss);
    const outside = Math.exp(range.logLeft - grid.logScale) + Math.exp(range.logRight - grid.logScale);
    return splatter.finish({
      tilted: skipped + outside,
      beyond: range === full ? 0 : Math.exp(cut.logTail - grid.logUnit),
    });
  }

  /** Without the tail of large losses whose probability does not matter. */
  private shortened(range: Range, logTail: number): Range {
    const point = this.family.tailPoint(this.samplingRate, this.direction, logTail);
    if (this.direction === "remove") {
      return point < range.to ? { ...range, to: point, logRight: -Infinity } : range;
    }
    return point > range.from ? { ...range, from: point, logLeft: -Infinity } : range;
  }

  private clipped(range: Range, window: Cut["window"]): Range {
    if (window === undefined) return range;
    const ends = window.map((loss) => this.position(this.direction === "remove" ? loss : -loss));
    const from = Math.max(range.from, Math.min(...ends));
    return { ...range, from, to: Math.max(from, Math.min(range.to, Math.max(...ends))) };
  }

  /** Walks over the half cells in x and integrates each; returns tilted mass left out. */
  private fill(splatter: Splatter, grid: Grid, range: Range, power: number, logIgnored: number): number {
    const sign = this.direction === "remove" ? 1 : -1;
    const split = binBoundary(grid.step);
    let cell = splatter.cell(sign * this.mixtureAt(range.from));
    let from = range.from;
    let missing = 0;
    while (from < range.to) {
      const at = grid.origin + cell * grid.step;
      const end = Math.min(range.to, this.position(sign > 0 ? at + grid.step : -at));
      if (end > from) {
        const middle = Math.min(end, Math.max(from, this.boundary(sign * (at + split))));
        // For the add direction losses fall as x grows, so the first half cell belongs to the upper bin.
        const target = {
          splatter,
          cell,
          power,
          logIgnored: logIgnored + grid.logScale,
          logScale: grid.logScale,
        };
        missing += this.integrate({ ...target, upperBin: sign < 0 }, from, middle);
        missing += this.integrate({ ...target, upperBin: sign > 0 }, middle, end);
        from = end;
      }
      cell += sign;
    }
    return missing;
  }

  /** Integrates over [a, b] inside one half cell; skips what cannot matter and returns a bound on it. */
  private integrate(target: HalfCell, a: number, b: number): number {
    if (!(b > a)) return 0;
    const { family } = this;
    const variation = (b - a) * (family.steepness(a, b) + family.slope);
    if (variation > widestVariation || family.logDensity(Math.abs(a)) < -30) {
      const bound = this.massBound(a, b, target.power);
      if (bound < target.logIgnored) return Math.exp(bound - target.logScale);
    }
    if (variation > 8 * widestVariation) {
      const half = a + (b - a) / 2;
      // Doubles end before the density is smooth: nothing but a bound is known.
      if (!(half > a && half < b)) return Math.exp(this.massBound(a, b, target.power) - target.logScale);
      return this.integrate(target, a, half) + this.integrate(target, half, b);
    }
    const count = Math.max(1, Math.ceil(variation / widestVariation));
    const panel = (b - a) / count;
    const chosen = (rules.find(([most]) => variation <= most) ?? rules[2])[1];
    for (let p = 0; p < count; p += 1) this.panel(target, a + p * panel, panel, chosen);
    return 0;
  }

  private panel({ splatter, cell, upperBin }: HalfCell, start: number, width: number, rule: Rule): void {
    const { family, direction } = this;
    for (const [node, weight] of rule) {
      const x = start + width * node;
      const mixture = this.mixtureAt(x);
      const logMass = family.logDensity(x) + Math.log(width * weight);
      if (direction === "remove") splatter.add(logMass + mixture, mixture, cell, upperBin);
      else splatter.add(logMass, -mixture, cell, upperBin);
    }
  }

  /** Logarithm of a bound on the tilted mass of [a, b]: width times the largest of the two factors' bounds. */
  private massBound(a: number, b: number, power: number): number {
    const { family } = this;
    const mode = Math.min(b, Math.max(a, 0));
    const mixture = this.mixtureAt(power >= 0 ? b : a);
    return Math.log(b - a) + family.logDensity(mode) + power * mixture;
  }

  private mixtureAt(x: number): number {
    return logMixture(this.samplingRate, this.family.slope * (x - 0.5));
  }

  private position(mixture: number): number {
    return 0.5 + mixtureRatio(this.samplingRate, mixture) / this.family.slope;
  }

  /** A bin boundary of the lower measure, on the lattice of rounded noise if there is one. */
  private boundary(mixture: number): number {
    const x = this.position(mixture);
    const { lattice } = this.family;
    return lattice === undefined ? x : (Math.floor(x / lattice) + 0.5) * lattice;
  }
}
