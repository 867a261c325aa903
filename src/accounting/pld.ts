import { coarsen, convolve, type GridPair, oddMass, trim } from "./measure.js";
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
  private readonly decay: number;
  private readonly upperSums: Sums;
  private readonly lowerSums: Sums;
  private readonly logSlackFactor: number;

  constructor(
    private readonly pair: GridPair,
    private readonly tilt: number,
    private readonly blocks: number,
    private readonly logUnit: number,
  ) {
    this.decay = Math.exp(-tilt * pair.step);
    this.upperSums = suffixSums(pair.upper, this.decay, Math.exp(-pair.step));
    this.lowerSums = suffixSums(pair.lower, this.decay, Math.exp(-pair.step));
    // The largest value of (1 - e^-y) e^(-tilt y) over y > 0: what one unit of tilted mass can add to delta.
    this.logSlackFactor = tilt === 0 ? 0 : tilt * Math.log(tilt) - (tilt + 1) * Math.log1p(tilt);
  }

  /** Logarithm of an upper bound on delta at `epsilon`. */
  logDeltaUpper(epsilon: number): number {
    const { pair } = this;
    const at = this.shifted(epsilon, -1);
    const slack = pair.upperSlack * Math.exp(this.logSlackFactor);
    const finite = this.logDelta(this.upperSums, at, slack) + this.relativeError();
    return Math.min(0, logAdd(finite, this.logUnit + Math.log(pair.beyond)));
  }

  /** Logarithm of a lower bound on delta at `epsilon`. */
  logDeltaLower(epsilon: number): number {
    const slack = -this.pair.lowerSlack * Math.exp(this.logSlackFactor);
    return this.logDelta(this.lowerSums, this.shifted(epsilon, 1), slack) - this.relativeError();
  }

  /** Masses and losses of one release are computed to a few units in the last place; they add up. */
  private relativeError(): number {
    return 2e-14 * (1 + this.blocks);
  }

  private shifted(epsilon: number, sign: number): number {
    return epsilon + sign * (1e-15 * this.blocks + 1e-13 * Math.abs(epsilon));
  }

  private logDelta(sums: Sums, epsilon: number, slack: number): number {
    const { pair, tilt } = this;
    const place = (epsilon - pair.origin) / pair.step - pair.start;
    const index = Math.max(0, Math.floor(place) + 1);
    let value = slack;
    if (index < sums.plain.length) {
      const gap = pair.origin + (pair.start + index) * pair.step - epsilon;
      const mass = (sums.plain[index] as number) - Math.exp(-gap) * (sums.discounted[index] as number);
      value += Math.exp(-tilt * gap) * mass;
    }
    return value > 0 ? Math.log(value) + pair.logScale - tilt * epsilon : -Infinity;
  }
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

/** What holds for all parts of one composition. */
interface Setting {
  readonly tilt: number;
  readonly logUnit: number;
  /** Tilted mass, and probability in the unit, that may be cut per release. */
  readonly tilted: number;
  readonly beyond: number;
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

  const powers = parts.map((part) => power(part.pair, part.times, setting, share * (1 - splitShare)));

  const loss = new EnclosedLoss(merge(powers, setting), setting.tilt, blocks, logUnit);
  return {
    loss,
    near: Math.max(0, guess.epsilon),
    points: Math.max(...parts.map((part) => part.pair.upper.length)),
  };
}

function discretiseAll(
  components: readonly Component[],
  setting: Setting,
  budget: number,
  logTail: number,
): { pair: GridPair; times: number }[] {
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
    return { pair: discretise(source, grid, { tilted: setting.tilted, logTail }), times };
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

function discretise(source: LossSource, grid: Grid, cut: Cut): GridPair {
  const origin = source.spacing?.origin ?? aligned(source, grid, cut);
  for (let step = grid.step; ; step *= 2) {
    try {
      return source.discretise({ ...grid, origin, step }, cut).pair;
    } catch (error) {
      if (!(error instanceof GridTooLong)) throw error;
    }
  }
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

/** `times`-fold self-composition by squaring; the grid widens as the distribution does. */
function power(base: GridPair, times: number, setting: Setting, budget: number): GridPair {
  const { tilt } = setting;
  const perLevel = budget / Math.max(1, Math.log2(times) / 2);
  let square = base;
  let result: GridPair | undefined;
  for (let blocks = times, level = 1; ; level *= 2) {
    if (blocks % 2 === 1) {
      result =
        result === undefined ? square : product(alignTo(result, square, tilt), square, setting, 2 * level);
    }
    blocks = Math.floor(blocks / 2);
    if (blocks === 0) return result as GridPair;
    square = product(square, square, setting, 2 * level);
    while (square.upper.length > 64 && coarsenCost(square, tilt) * blocks <= perLevel) {
      square = coarsen(square, tilt);
    }
    if (result !== undefined) result = alignTo(result, square, tilt);
  }
}

/** What widening the grid adds to epsilon, per copy of the pair; Infinity where the estimate does not hold. */
function coarsenCost(pair: GridPair, tilt: number): number {
  if ((1 + tilt) * pair.step > 0.2) return Infinity;
  return ((1 + tilt) / 2) * pair.step * pair.step * oddMass(pair);
}

/** Convolution, cut to what matters for `releases` releases. */
function product(a: GridPair, b: GridPair, setting: Setting, releases: number): GridPair {
  const both = convolve(a, b);
  return trim(both, {
    tilt: setting.tilt,
    tilted: Math.max(setting.tilted * releases, both.upperSlack * 1e-2),
    beyond: setting.beyond * releases,
    logUnit: setting.logUnit,
  });
}

function alignTo(pair: GridPair, other: GridPair, tilt: number): GridPair {
  let aligned = pair;
  while (aligned.step < other.step * 0.75) aligned = coarsen(aligned, tilt);
  return aligned;
}

function merge(pairs: readonly GridPair[], setting: Setting): GridPair {
  const sorted = [...pairs].sort((a, b) => a.step - b.step);
  return sorted.reduce((sum, pair) => product(alignTo(sum, pair, setting.tilt), pair, setting, 1));
}
