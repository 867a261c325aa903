import { add, convolve, type GridPair, oddMass, regrid, slice, trim } from "./measure.js";

/** What holds for all parts of one composition. */
export interface Setting {
  readonly tilt: number;
  readonly logUnit: number;
  /** Tilted mass, and probability in the unit, that may be cut per release. */
  readonly tilted: number;
  readonly beyond: number;
}

/**
 * A loss distribution in bands: the bulk on the finest grid, rarer losses farther out on coarser and coarser ones.
 *
 * Records that are seldom sampled rarely lose much, but when they do it is a thousand times the usual loss: one
 * grid for both would be a hundred times longer. The sum of the bands encloses the distribution. Steps ascend, each a
 * power of two times the one before, all with the same origin.
 */
export type Bands = readonly GridPair[];

/** How many times coarser each further band is. */
export const bandFactor = 8;
/** Shorter grids are not worth dividing or widening. */
const shortGrid = 64;
/** Longer products are not computed. */
const longestProduct = 1 << 18;
/** Longer grids are divided where that halves them. */
export const longGrid = 2048;

/** Loss of two independent groups of releases, cut to what matters for `releases` releases. */
export function product(a: Bands, b: Bands, setting: Setting, releases: number): Bands {
  const steps = commonSteps(a, b);
  const x = onSteps(a, steps, setting.tilt);
  const y = a === b ? undefined : onSteps(b, steps, setting.tilt);
  const result: GridPair[] = [];
  let belowX: GridPair | undefined;
  let belowY: GridPair | undefined;
  steps.forEach((step, level) => {
    const tail = level === steps.length - 1;
    const multiply = (one: GridPair, other: GridPair): GridPair =>
      cut(convolve(...shortened(one, other, setting.tilt)), setting, releases, tail);
    const lift = (pair?: GridPair): GridPair | undefined => pair && onGrid(pair, step, setting.tilt);
    belowX = lift(belowX);
    if (y === undefined) {
      // (below + x)^2 - below^2 = x (x + 2 below).
      const own = x[level];
      if (own !== undefined) result.push(multiply(own, sum(belowX, own, 2)));
      belowX = optionalSum(belowX, own);
      return;
    }
    belowY = lift(belowY);
    const [ownX, ownY] = [x[level], y[level]];
    const allY = optionalSum(belowY, ownY);
    // (below + x)(below + y) - below below = x (y + below) + below y.
    const first = ownX && allY && multiply(ownX, allY);
    const second = ownY && belowX && multiply(belowX, ownY);
    // Either may have been put on a wider grid to shorten it.
    const both = first && second ? levelSum(first, second, setting.tilt) : (first ?? second);
    if (both !== undefined) result.push(both);
    belowX = optionalSum(belowX, ownX);
    belowY = allY;
  });
  return withBeyond(result, beyondOf(a) + beyondOf(b));
}

/** Steps of both, from the coarser of the two finest on: what is finer in one of them is lifted. */
function commonSteps(a: Bands, b: Bands): number[] {
  const least = Math.max(stepOf(a), stepOf(b));
  const all = new Set([least, ...[...a, ...b].map((pair) => pair.step).filter((step) => step > least * 1.5)]);
  return [...all].sort((s, t) => s - t);
}

/** The finest step of some bands. */
export function stepOf(bands: Bands): number {
  return bands[0]?.step ?? 0;
}

/** One pair, or none, for each of `steps`; probability beyond is left out. */
function onSteps(bands: Bands, steps: readonly number[], tilt: number): (GridPair | undefined)[] {
  const found: (GridPair | undefined)[] = steps.map(() => undefined);
  for (const pair of bands) {
    const at = Math.max(
      0,
      steps.findIndex((step) => step > pair.step * 0.75),
    );
    const plain = { ...onGrid(pair, steps[at] as number, tilt), beyond: 0 };
    found[at] = optionalSum(found[at], plain);
  }
  return found;
}

/** Both on a grid wide enough that their product is not too long: the bounds get looser, never wrong. */
function shortened(a: GridPair, b: GridPair, tilt: number): readonly [GridPair, GridPair] {
  if (a.upper.length + b.upper.length <= longestProduct) return [a, b];
  const half = regrid(a, 2, tilt);
  return shortened(half, a === b ? half : regrid(b, 2, tilt), tilt);
}

function onGrid(pair: GridPair, step: number, tilt: number): GridPair {
  const factor = Math.round(step / pair.step);
  return factor <= 1 ? pair : regrid(pair, factor, tilt);
}

/** weight * a + b, where `a` may be missing. */
function sum(a: GridPair | undefined, b: GridPair, weight: number): GridPair {
  return a === undefined ? b : add(a, b, weight);
}

/** a + b on the coarser of their grids. */
function levelSum(a: GridPair, b: GridPair, tilt: number): GridPair {
  return add(onGrid(a, b.step, tilt), onGrid(b, a.step, tilt), 1);
}

function optionalSum(a: GridPair | undefined, b: GridPair | undefined): GridPair | undefined {
  return b === undefined ? a : sum(a, b, 1);
}

function beyondOf(bands: Bands): number {
  return bands.reduce((total, pair) => total + pair.beyond, 0);
}

function withBeyond(bands: Bands, more: number): Bands {
  return bands.map((pair, i) => (i === 0 ? { ...pair, beyond: pair.beyond + more } : pair));
}

function cut(pair: GridPair, setting: Setting, releases: number, tail: boolean): GridPair {
  return trim(pair, {
    tilt: setting.tilt,
    tilted: Math.max(setting.tilted * releases, pair.upperSlack * 1e-2),
    beyond: tail ? setting.beyond * releases : 0,
    logUnit: setting.logUnit,
  });
}

/** `times`-fold self-composition by squaring; grids widen as the distribution does. */
export function power(base: Bands, times: number, setting: Setting, budget: number): Bands {
  const perLevel = budget / Math.max(1, Math.log2(times) / 2);
  let square = base;
  let result: Bands | undefined;
  for (let blocks = times, level = 1; ; level *= 2) {
    if (blocks % 2 === 1) {
      result = result === undefined ? square : product(result, square, setting, 2 * level);
    }
    blocks = Math.floor(blocks / 2);
    if (blocks === 0) return result as Bands;
    square = widened(
      product(square, square, setting, 2 * level),
      setting.tilt,
      perLevel / blocks,
      2 + 4 * Math.log2(times),
    );
  }
}

/** Widens grids and moves far mass to coarser ones as far as `budget` (in epsilon, per copy) allows. */
function widened(bands: Bands, tilt: number, budget: number, levels: number): Bands {
  const share = budget / bands.length;
  const rest = [...bands];
  const result: GridPair[] = [];
  for (let pair = rest.shift(); pair !== undefined; pair = rest.shift()) {
    const next = rest[0];
    while (pair.upper.length > shortGrid && widenCost(pair, tilt) <= share) pair = regrid(pair, 2, tilt);
    if (next !== undefined && pair.step > next.step * 0.75) {
      rest[0] = levelSum(pair, next, tilt);
      continue;
    }
    const wide = next?.step ?? pair.step * bandFactor;
    const [bulk, tails] = separated(pair, wide, tilt, share / levels);
    const worthIt =
      next !== undefined || (pair.upper.length > longGrid && bulk.upper.length < pair.upper.length / 2);
    result.push(worthIt ? bulk : pair);
    if (tails === undefined || !worthIt) continue;
    if (next === undefined) rest.push(tails);
    else rest[0] = add(tails, next, 1);
  }
  return result;
}

/** Divides a band where the bins of a coarser grid end: the bulk, and both tails on the coarser grid. */
function separated(
  pair: GridPair,
  wide: number,
  tilt: number,
  budget: number,
): readonly [GridPair, GridPair | undefined] {
  const { length } = pair.upper;
  if (length <= 4 * shortGrid || !isCoarse(wide, tilt)) return [pair, undefined];
  const allowed = budget / (2 * spreadCost(wide, tilt));
  const factor = Math.round(wide / pair.step);
  let low = 0;
  for (let mass = 0; low < length; low += 1) {
    mass += pair.upper[low] as number;
    if (mass > allowed) break;
  }
  let high = length;
  for (let mass = 0; high > 0; high -= 1) {
    mass += pair.upper[high - 1] as number;
    if (mass > allowed) break;
  }
  // The first index of a coarse bin is one past the point halfway between two coarse points.
  const edge = (index: number): number => Math.floor((index - 1) / factor + 0.5) * factor - factor / 2 + 1;
  const first = Math.min(length, Math.max(0, edge(pair.start + low) - pair.start));
  const last = Math.min(length, Math.max(first, edge(pair.start + high + factor - 1) - pair.start));
  const tails = [slice(pair, 0, first), slice(pair, last, length)].filter((tail) => tail.upper.length > 0);
  const lifted = tails.map((tail) => onGrid(tail, wide, tilt));
  return [slice(pair, first, last, true), lifted.reduce<GridPair | undefined>(optionalSum, undefined)];
}

/** Whether {@link spreadCost} holds for a grid. */
export function isCoarse(step: number, tilt: number): boolean {
  return (1 + tilt) * step <= 0.5;
}

/** What one unit of tilted mass adds to epsilon when it is spread over a grid of this step. */
export function spreadCost(step: number, tilt: number): number {
  return ((1 + tilt) * step * step) / 12;
}

/** What widening the grid adds to epsilon, per copy of the pair; Infinity where the estimate does not hold. */
function widenCost(pair: GridPair, tilt: number): number {
  if ((1 + tilt) * pair.step > 0.2) return Infinity;
  return ((1 + tilt) / 2) * pair.step * pair.step * oddMass(pair);
}
