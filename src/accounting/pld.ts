import { coarsen, convolve, type GridPair, oddMass, trim } from "./measure.js";
import { type Component, cumulant, findTilt, lossWidth, relaxTilt, splitCost, type Target } from "./guide.js";
import type { LossSource, Sketch } from "./loss.js";

/** How fine the discretisation should be: how much the upper bound may exceed the true epsilon, roughly. */
export interface Precision {
  readonly relative: number;
  readonly absolute: number;
}

/** Tilted mass that may be cut over a whole composition. */
const negligible = 1e-13;
/** Longest grid of one release; beyond it bounds get looser instead of slower. */
const longestGrid = 1 << 17;
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
    return Math.min(0, this.logDelta(this.upperSums, at, slack) + this.relativeError());
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

/** Encloses the loss of a composition in one direction, accurate near `target`. */
export function enclose(
  components: readonly Component[],
  target: Target,
  precision: Precision,
): { loss: EnclosedLoss; near: number } {
  const guess = findTilt(components, target);
  const tilt = relaxTilt(components, guess);
  const budget = Math.max(precision.absolute, precision.relative * Math.max(0, guess.epsilon));
  const share = budget / components.length;
  const blocks = components.reduce((sum, component) => sum + component.times, 0);
  const parts = discretiseAll(components, tilt, share * splitShare, blocks);
  const powers = parts.map((part) => power(part.pair, part.times, tilt, share * (1 - splitShare)));
  return { loss: new EnclosedLoss(merge(powers, tilt), tilt, blocks), near: Math.max(0, guess.epsilon) };
}

function discretiseAll(
  components: readonly Component[],
  tilt: number,
  budget: number,
  blocks: number,
): { pair: GridPair; times: number }[] {
  const sketches = components.map((component) => component.source.sketch(tilt));
  const steps = components.map(({ times, source }, i) =>
    chooseStep(source, sketches[i] as Sketch, tilt, budget / times),
  );
  const reference = alignStep(components, Math.min(...steps));
  return components.map(({ source, times }, i) => {
    const step = reference * 2 ** Math.max(0, Math.floor(Math.log2((steps[i] as number) / reference)));
    return { pair: discretise(source, sketches[i] as Sketch, step, tilt, negligible / blocks), times };
  });
}

/** When there is one source whose losses form a lattice, a grid that contains it is exact. */
function alignStep(components: readonly Component[], step: number): number {
  const spacing = components.length === 1 ? components[0]?.source.spacing : undefined;
  if (spacing === undefined || spacing.step === 0) return step;
  if (spacing.step >= step) return spacing.step / Math.ceil(spacing.step / step);
  return spacing.step * Math.floor(step / spacing.step);
}

/** The widest step, halving from a wide one, that keeps the predicted cost of one release within `budget`. */
function chooseStep(source: LossSource, sketch: Sketch, tilt: number, budget: number): number {
  const width = Math.max(lossWidth(sketch), 1e-12);
  const cost = (step: number): number =>
    splitCost(sketch, step, source.spacing?.origin ?? centreOf(sketch, step, tilt), tilt);
  let step = Math.min(100, width, 20 / (1 + tilt));
  while (width / step < longestGrid && cost(step) > budget) step /= Math.SQRT2;
  return step;
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

function discretise(source: LossSource, sketch: Sketch, step: number, tilt: number, cut: number): GridPair {
  const logScale = cumulant(sketch).value;
  let origin = source.spacing?.origin ?? centreOf(sketch, step, tilt);
  if (source.spacing !== undefined) return source.discretise({ step, origin, tilt, logScale }, cut).pair;
  for (let round = 0; ; round += 1) {
    const { pair, centre } = source.discretise({ step, origin, tilt, logScale }, cut);
    if (round === 2 || centre.share < 0.02 || Math.abs(centre.offset) < 1e-6 * step) return pair;
    origin += centre.offset;
  }
}

/** `times`-fold self-composition by squaring; the grid widens as the distribution does. */
function power(base: GridPair, times: number, tilt: number, budget: number): GridPair {
  let square = base;
  let result: GridPair | undefined;
  let blocks = times;
  const perLevel = budget / Math.max(1, Math.log2(times) / 2);
  for (;;) {
    if (blocks & 1 || blocks % 2 === 1)
      result = result === undefined ? square : trimmed(convolve(alignTo(result, square, tilt), square), 1);
    blocks = Math.floor(blocks / 2);
    if (blocks === 0) break;
    square = trimmed(convolve(square, square), blocks);
    while (coarsenCost(square, tilt) * blocks <= perLevel && (1 + tilt) * square.step < 0.2) {
      if (square.upper.length < 64) break;
      square = coarsen(square, tilt);
    }
    if (result !== undefined) result = alignTo(result, square, tilt);
  }
  return result as GridPair;
}

function coarsenCost(pair: GridPair, tilt: number): number {
  return ((1 + tilt) / 2) * pair.step * pair.step * oddMass(pair);
}

function trimmed(pair: GridPair, blocks: number): GridPair {
  return trim(pair, Math.max(negligible / blocks, pair.upperSlack * 1e-3));
}

function alignTo(pair: GridPair, other: GridPair, tilt: number): GridPair {
  let aligned = pair;
  while (aligned.step < other.step * 0.75) aligned = coarsen(aligned, tilt);
  return aligned;
}

function merge(pairs: readonly GridPair[], tilt: number): GridPair {
  const sorted = [...pairs].sort((a, b) => a.step - b.step);
  return sorted.reduce((sum, pair) => trimmed(convolve(alignTo(sum, pair, tilt), pair), 1));
}
