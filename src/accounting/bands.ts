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
 * A loss distribution in two bands: the bulk on a fine grid, rare losses far from it on a coarse one.
 *
 * Records that are seldom sampled rarely lose much, but when they do it is a thousand times the usual loss: one
 * grid for both would be a hundred times longer. The sum of the bands encloses the distribution.
 */
export interface Bands {
  readonly fine: GridPair;
  readonly coarse?: GridPair | undefined;
}

/** Loss of two independent groups of releases, cut to what matters for `releases` releases. */
export function product(a: Bands, b: Bands, setting: Setting, releases: number): Bands {
  const { tilt } = setting;
  const [x, y] = matched(a, b, tilt);
  const both = convolve(x.fine, y.fine);
  if (x.coarse === undefined || y.coarse === undefined) return { fine: cut(both, setting, releases, true) };
  const fine = cut(both, setting, releases, false);
  const wideY = add(onGrid(y.fine, y.coarse.step, tilt), y.coarse, 1);
  // (f + c)(g + d) = fg + c (g + d) + f d; for squares the last two are c (2 f + c).
  const coarse =
    a === b
      ? cut(
          convolve(x.coarse, add(onGrid(x.fine, x.coarse.step, tilt), x.coarse, 2)),
          setting,
          releases,
          true,
        )
      : add(
          cut(convolve(x.coarse, wideY), setting, releases, true),
          cut(convolve(onGrid(x.fine, y.coarse.step, tilt), y.coarse), setting, releases, true),
          1,
        );
  return { fine, coarse };
}

function cut(pair: GridPair, setting: Setting, releases: number, tail: boolean): GridPair {
  return trim(pair, {
    tilt: setting.tilt,
    tilted: Math.max(setting.tilted * releases, pair.upperSlack * 1e-2),
    beyond: tail ? setting.beyond * releases : 0,
    logUnit: setting.logUnit,
  });
}

/** Both on the same grids, one band or two. */
function matched(a: Bands, b: Bands, tilt: number): readonly [Bands, Bands] {
  const step = Math.max(a.fine.step, b.fine.step);
  const coarseStep = Math.max(a.coarse?.step ?? 0, b.coarse?.step ?? 0);
  const fit = (bands: Bands): Bands => {
    const fine = onGrid(bands.fine, step, tilt);
    if (coarseStep === 0) return { fine };
    const coarse = bands.coarse === undefined ? undefined : onGrid(bands.coarse, coarseStep, tilt);
    if (coarseStep <= step * 1.5) return merged({ fine, coarse }, tilt);
    return { fine, coarse: coarse ?? slice(onGrid(fine, coarseStep, tilt), 0, 0) };
  };
  return a === b ? [fit(a), fit(a)] : [fit(a), fit(b)];
}

function onGrid(pair: GridPair, step: number, tilt: number): GridPair {
  const factor = Math.round(step / pair.step);
  return factor <= 1 ? pair : regrid(pair, factor, tilt);
}

/** One band again. */
function merged({ fine, coarse }: Bands, tilt: number): Bands {
  if (coarse === undefined) return { fine };
  const step = Math.max(fine.step, coarse.step);
  return { fine: add(onGrid(fine, step, tilt), onGrid(coarse, step, tilt), 1) };
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

/** Widens the fine grid and moves far mass to the coarse one as far as `budget` (in epsilon, per copy) allows. */
function widened(bands: Bands, tilt: number, budget: number, levels: number): Bands {
  let { fine, coarse } = bands;
  while (fine.upper.length > 64 && widenCost(fine, tilt) <= budget) {
    fine = regrid(fine, 2, tilt);
    if (coarse !== undefined && fine.step > coarse.step * 0.75) {
      ({ fine, coarse } = merged({ fine, coarse }, tilt));
    }
  }
  return coarse === undefined ? { fine } : separated(fine, coarse, tilt, budget / levels);
}

/** Moves both tails of the fine band to the coarse one, cut where the coarse bins end. */
function separated(fine: GridPair, coarse: GridPair, tilt: number, budget: number): Bands {
  const allowed = budget / (2 * spreadCost(coarse.step, tilt));
  const factor = Math.round(coarse.step / fine.step);
  const { length } = fine.upper;
  let low = 0;
  for (let sum = 0; low < length; low += 1) {
    sum += fine.upper[low] as number;
    if (sum > allowed) break;
  }
  let high = length;
  for (let sum = 0; high > 0; high -= 1) {
    sum += fine.upper[high - 1] as number;
    if (sum > allowed) break;
  }
  // The first index of a coarse bin is one past the point halfway between two coarse points.
  const edge = (index: number): number => Math.floor((index - 1) / factor + 0.5) * factor - factor / 2 + 1;
  const first = Math.min(length, Math.max(0, edge(fine.start + low) - fine.start));
  const last = Math.min(length, Math.max(first, edge(fine.start + high + factor - 1) - fine.start));
  const tails = [slice(fine, 0, first), slice(fine, last, length)].filter((tail) => tail.upper.length > 0);
  return {
    fine: slice(fine, first, last, true),
    coarse: tails.reduce((sum, tail) => add(onGrid(tail, coarse.step, tilt), sum, 1), coarse),
  };
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
