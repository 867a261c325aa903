import { type Bands, power, product, type Setting, spreadCost } from "./bands.js";
import { add, binBoundary, type GridPair } from "./measure.js";
import { logAdd } from "./logarithm.js";
import { type Component, cumulant, findTilt, lossWidth, splitCost, type Target } from "./guide.js";
import type { LossSource, Sketch } from "./loss.js";
import { type Cut, type Grid, GridTooLong, longestGrid } from "./splat.js";

/** How fine the discretisation should be: how much the upper bound may exceed the true epsilon, roughly. */
export interface Precision {
  readonly relative: number;
  readonly absolute: number;
}

/** Tilted mass that may be cut over a whole composition, at each kind of cut. */
const negligible = 1e-12;
/** Probability below delta * exp(-this) may count as an infinite loss, at each kind of cut. */
const logInsignificance = 17;
/** Share of the precision that goes to discretising; coarsening gets the rest. */
const splitShare = 0.4;

/** A composed loss distribution between two bounds, near one point of its curve. */
export class EnclosedLoss {
  private readonly bands: readonly Band[];
  private readonly upperSlack: number;
  private readonly lowerSlack: number;
  private readonly logBeyond: number;

  constructor(
    { fine, coarse }: Bands,
    private readonly tilt: number,
    private readonly blocks: number,
    logUnit: number,
  ) {
    const pairs = coarse === undefined ? [fine] : [fine, coarse];
    this.bands = pairs.map((pair) => band(pair, tilt));
    // The largest value of (1 - e^-y) e^(-tilt y) over y > 0: what one unit of tilted mass can add to delta.
    const factor = tilt === 0 ? 1 : Math.exp(tilt * Math.log(tilt) - (tilt + 1) * Math.log1p(tilt));
    const sum = (of: (pair: GridPair) => number): number =>
      pairs.reduce((total, pair) => total + of(pair), 0);
    this.upperSlack = factor * sum((pair) => pair.upperSlack);
    this.lowerSlack = factor * sum((pair) => pair.lowerSlack);
    this.logBeyond = logUnit + Math.log(sum((pair) => pair.beyond));
  }

  /** Logarithm of an upper bound on delta at `epsilon`. */
  logDeltaUpper(epsilon: number): number {
    const finite = this.logDelta("upper", this.shifted(epsilon, -1), this.upperSlack) + this.relativeError();
    const bound = logAdd(finite, this.logBeyond);
    // Where the numbers break down, nothing is known.
    return bound < 0 ? bound : 0;
  }

  /** Logarithm of a lower bound on delta at `epsilon`. */
  logDeltaLower(epsilon: number): number {
    const bound = this.logDelta("lower", this.shifted(epsilon, 1), -this.lowerSlack) - this.relativeError();
    return bound > -Infinity ? bound : -Infinity;
  }

  /** Masses and losses of one release are computed to a few units in the last place; they add up. */
  private relativeError(): number {
    return 2e-14 * (1 + this.blocks);
  }

  private shifted(epsilon: number, sign: number): number {
    return epsilon + sign * (1e-15 * this.blocks + 1e-13 * Math.abs(epsilon));
  }

  private logDelta(side: "upper" | "lower", epsilon: number, slack: number): number {
    let value = slack;
    for (const { pair, ...sums } of this.bands) {
      const { plain, discounted } = sums[side];
      const place = (epsilon - pair.origin) / pair.step - pair.start;
      const index = Math.max(0, Math.floor(place) + 1);
      if (!(index < plain.length)) continue;
      const gap = pair.origin + (pair.start + index) * pair.step - epsilon;
      const mass = (plain[index] as number) - Math.exp(-gap) * (discounted[index] as number);
      value += Math.exp(-this.tilt * gap) * mass;
    }
    const { logScale } = (this.bands[0] as Band).pair;
    return value <= 0 ? -Infinity : Math.log(value) + logScale - this.tilt * epsilon;
  }
}

/** One grid and its running sums from the right. */
interface Band {
  readonly pair: GridPair;
  readonly upper: Sums;
  readonly lower: Sums;
}

function band(pair: GridPair, tilt: number): Band {
  const decay = Math.exp(-tilt * pair.step);
  const discount = Math.exp(-pair.step);
  return {
    pair,
    upper: suffixSums(pair.upper, decay, discount),
    lower: suffixSums(pair.lower, decay, discount),
  };
}

interface Sums {
  /** Sum over j >= i of mass[j] * exp(-tilt * (loss[j] - loss[i])). */
  readonly plain: Float64Array;
  /** The same with exp(-(tilt + 1) * ...). */
  readonly discounted: Float64Array;
}

function suffixSums(mass: Float64Array, decay: number, discount: number): Sums {
  const plain = new Float64Array(mass.length);
  const discounted = new Float64Array(mass.length);
  let p = 0;
  let d = 0;
  for (let i = mass.length - 1; i >= 0; i -= 1) {
    p = (mass[i] as number) + p * decay;
    d = (mass[i] as number) + d * decay * discount;
    plain[i] = p;
    discounted[i] = d;
  }
  return { plain, discounted };
}

/** An enclosed loss, a rough epsilon, and how long the longest grid of one release was. */
export interface Enclosed {
  readonly loss: EnclosedLoss;
  readonly near: number;
  readonly points: number;
}

/** Encloses the loss of a composition in one direction, accurate near `target`. */
export function enclose(components: readonly Component[], target: Target, precision: Precision): Enclosed {
  const blocks = components.reduce((sum, component) => sum + component.times, 0);
  const logDelta = "logDelta" in target ? target.logDelta : findTilt(components, target, -Infinity).logDelta;
  const logUnit = logDelta - logInsignificance;
  const logTail = logUnit - Math.log(blocks);
  const guess = findTilt(components, target, logTail);
  const setting = { tilt: guess.tilt, logUnit, tilted: negligible / blocks, beyond: 1 / blocks };
  const budget = Math.max(precision.absolute, precision.relative * Math.max(0, guess.epsilon));
  const share = budget / components.length;
  const parts = discretiseAll(components, setting, share * splitShare, logTail);
  const powers = parts.map((part) => power(part.bands, part.times, setting, share * (1 - splitShare)));
  const sorted = powers.sort((a, b) => a.fine.step - b.fine.step);
  const whole = sorted.reduce((whole_, next) => product(whole_, next, setting, 1));
  return {
    loss: new EnclosedLoss(whole, setting.tilt, blocks, logUnit),
    near: Math.max(0, guess.epsilon),
    points: Math.max(
      ...parts.map(({ bands }) => bands.fine.upper.length + (bands.coarse?.upper.length ?? 0)),
    ),
  };
}

function discretiseAll(
  components: readonly Component[],
  setting: Setting,
  budget: number,
  logTail: number,
): { bands: Bands; times: number }[] {
  const { tilt, logUnit } = setting;
  const sketches = components.map((component) => component.source.sketch(tilt, logTail));
  const steps = components.map(({ times, source }, i) =>
    chooseStep(source, sketches[i] as Sketch, tilt, budget / times),
  );
  const reference = alignStep(components, Math.min(...steps));
  return components.map(({ source, times }, i) => {
    const step = reference * 2 ** Math.max(0, Math.floor(Math.log2((steps[i] as number) / reference)));
    const sketch = sketches[i] as Sketch;
    const grid = {
      step,
      origin: centreOf(sketch, step, tilt),
      tilt,
      logUnit,
      logScale: cumulant(sketch).value,
    };
    const cut = { tilted: setting.tilted, logTail };
    // Every squaring meets the coarse grid again.
    return {
      bands: discretise(source, sketch, grid, cut, budget / (times * (2 + 4 * Math.log2(times)))),
      times,
    };
  });
}

/** When there is one source whose losses form a lattice, a grid that contains it is exact. */
function alignStep(components: readonly Component[], step: number): number {
  const spacing = components.length === 1 ? components[0]?.source.spacing : undefined;
  if (spacing === undefined || spacing.step === 0) return step;
  if (spacing.step >= step) return spacing.step / Math.ceil(spacing.step / step);
  return spacing.step * Math.floor(step / spacing.step);
}

/** About the widest step that keeps the predicted cost of one release within `budget`. */
function chooseStep(source: LossSource, sketch: Sketch, tilt: number, budget: number): number {
  const width = Math.max(lossWidth(sketch), source.spacing?.step ?? 1e-12);
  const cost = (step: number): number =>
    splitCost(sketch, step, source.spacing?.origin ?? centreOf(sketch, step, tilt), tilt);
  const widest = Math.min(100, width, 20 / (1 + tilt));
  // A smooth distribution costs (1 + tilt) step^2 / 12; clustered ones cost less.
  let step = Math.min(widest, Math.sqrt((11 * budget) / (1 + tilt)));
  while (width / step < longestGrid && cost(step) > budget) step /= Math.SQRT2;
  while (step < widest && cost(2 * step) <= budget) step *= 2;
  return Math.max(step, width / longestGrid);
}

/** Losses often cluster; a grid point on the barycentre of the fullest bin keeps that cluster where it is. */
function centreOf(sketch: Sketch, step: number, tilt: number): number {
  const bins = new Map<number, number>();
  let best = 0;
  let peak = -Infinity;
  for (const log of sketch.logMass) peak = Math.max(peak, log);
  sketch.loss.forEach((loss, i) => {
    const bin = Math.round(loss / step);
    const mass = (bins.get(bin) ?? 0) + Math.exp((sketch.logMass[i] as number) - peak);
    bins.set(bin, mass);
    if (mass > (bins.get(best) ?? 0)) best = bin;
  });
  let mass = 0;
  let discounted = 0;
  sketch.loss.forEach((loss, i) => {
    if (Math.round(loss / step) !== best) return;
    const offset = loss - best * step;
    const weight = Math.exp((sketch.logMass[i] as number) - peak - tilt * offset);
    mass += weight;
    discounted += weight * Math.exp(-offset);
  });
  return best * step - Math.log(discounted / mass);
}

/** Discretises in one band or two; `budget` is what the coarse band may add to epsilon. */
function discretise(source: LossSource, sketch: Sketch, grid: Grid, cut: Cut, budget: number): Bands {
  const origin = source.spacing?.origin ?? aligned(source, grid, cut);
  const split = source.divisible ? chooseSplit(sketch, grid, budget) : undefined;
  for (let step = grid.step; ; step *= 2) {
    try {
      const part = (factor: number, window?: readonly [number, number]): GridPair =>
        source.discretise(
          { ...grid, origin, step: step * factor },
          window === undefined ? cut : { ...cut, window },
        ).pair;
      if (split === undefined) return { fine: part(1) };
      const { factor } = split;
      // Divide where the coarse bins end.
      const wide = step * factor;
      const edge = (loss: number): number =>
        origin + Math.floor((loss - origin) / wide + 0.5) * wide - (wide - binBoundary(wide));
      const low = edge(split.low);
      const high = edge(split.high + wide);
      return {
        fine: part(1, [low, high]),
        coarse: add(part(factor, [-Infinity, low]), part(factor, [high, Infinity]), 1),
      };
    } catch (error) {
      if (!(error instanceof GridTooLong)) throw error;
    }
  }
}

/** Where to divide a distribution into bands, and how many times coarser the outer one is. */
interface Split {
  readonly low: number;
  readonly high: number;
  readonly factor: number;
}

/** The division with the shortest grids, if it is worth having. */
function chooseSplit(sketch: Sketch, { step, tilt }: Grid, budget: number): Split | undefined {
  const points = sortedMasses(sketch);
  const least = (points[0] as Point).loss;
  const most = (points[points.length - 1] as Point).loss;
  let best: Split | undefined;
  let shortest = (most - least) / step / 3;
  if (shortest < 1000) return undefined;
  for (let factor = 4; factor <= 4096; factor *= 2) {
    const wide = step * factor;
    if ((1 + tilt) * wide > 0.5) break;
    const allowed = budget / (2 * spreadCost(wide, tilt));
    const low = quantile(points, allowed);
    const high = quantile([...points].reverse(), allowed);
    if (!(low < high)) continue;
    const length = (high - low) / step + (2 * (most - least)) / wide;
    if (length < shortest) {
      shortest = length;
      best = { low, high, factor };
    }
  }
  return best;
}

interface Point {
  readonly loss: number;
  readonly mass: number;
}

function sortedMasses({ logMass, loss }: Sketch): Point[] {
  let peak = -Infinity;
  for (const log of logMass) peak = Math.max(peak, log);
  const points = Array.from(loss, (at, i) => ({ loss: at, mass: Math.exp((logMass[i] as number) - peak) }));
  const sum = points.reduce((total, point) => total + point.mass, 0);
  return points
    .map((point) => ({ loss: point.loss, mass: point.mass / sum }))
    .filter((point) => point.mass > 1e-17)
    .sort((a, b) => a.loss - b.loss);
}

/** The last point, from the front, before which at most `mass` lies. */
function quantile(points: readonly Point[], mass: number): number {
  let sum = 0;
  for (const point of points) {
    sum += point.mass;
    if (sum > mass) return point.loss;
  }
  return NaN;
}

/** Moves the origin until the barycentre of the fullest bin is on a grid point; Steffensen's acceleration. */
function aligned(source: LossSource, grid: Grid, cut: Cut): number {
  let origin = grid.origin;
  let before = 0;
  for (let round = 0; round < 8; round += 1) {
    const window = [grid.origin - 2 * grid.step, grid.origin + 2 * grid.step] as const;
    const { offset } = source.discretise({ ...grid, origin }, { ...cut, window }).centre;
    if (!(Math.abs(offset) > 1e-9 * grid.step)) break;
    const ratio = before === 0 ? 0 : Math.max(-0.5, Math.min(0.9, offset / before));
    origin += offset / (1 - ratio);
    before = offset;
  }
  return Number.isFinite(origin) ? origin : grid.origin;
}
