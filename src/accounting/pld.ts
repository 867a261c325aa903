import { zeros } from "./arrays.js";
import {
  bandFactor,
  type Bands,
  isCoarse,
  longGrid,
  power,
  product,
  type Setting,
  spreadCost,
  stepOf,
} from "./bands.js";
import { binBoundary } from "./lower-measure.js";
import { add, type GridPair } from "./measure.js";
import { logAdd } from "./logarithm.js";
import {
  type Component,
  cumulant,
  findTilt,
  largest,
  lossWidth,
  relativeMasses,
  splitCost,
  type Target,
} from "./guide.js";
import type { LossSource, Sketch } from "./loss.js";
import { type Cut, type Grid, GridTooLong } from "./splat.js";
import { spend } from "./work.js";

/** How fine the discretisation should be: how much the upper bound may exceed the true epsilon, roughly. */
export interface Precision {
  readonly relative: number;
  readonly absolute: number;
}

/** Up to this epsilon the relative precision is kept; beyond, nobody needs it and grids would grow without limit. */
const largestPrecise = 5000;
/** By how much the precision is relaxed where epsilon is so large that it guarantees nothing. */
export function relaxation(epsilon: number): number {
  return Math.max(1, epsilon / largestPrecise);
}

/** The least epsilon that grids are laid out for; below it the absolute precision decides. */
const least = 0.01;
/** Tilted mass that may be cut over a whole composition, at each kind of cut. */
const negligible = 1e-12;
/** Probability below delta * exp(-this) may count as an infinite loss, at each kind of cut. */
const logInsignificance = 17;
/** Share of the precision that goes to discretising; coarsening gets the rest. */
const splitShare = 0.4;

/** The curves of a composed loss distribution between two bounds, near one point of its curve. */
function deltaBounds(bands: Bands, tilt: number, blocks: number, logUnit: number): DeltaBounds {
  // The largest value of (1 - e^-y) e^(-tilt y) over y > 0: what one unit of tilted mass can add to delta.
  const factor = tilt === 0 ? 1 : Math.exp(tilt * Math.log(tilt) - (tilt + 1) * Math.log1p(tilt));
  const total = (of: (pair: GridPair) => number): number => bands.reduce((sum, pair) => sum + of(pair), 0);
  const logBeyond = logUnit + Math.log(total((pair) => pair.beyond));
  const upper = logDeltaOf(bands, (pair) => pair.upper, factor * total((pair) => pair.upperSlack), tilt);
  const lower = logDeltaOf(bands, (pair) => pair.lower, -factor * total((pair) => pair.lowerSlack), tilt);
  // Masses and losses of one release are computed to a few units in the last place; they add up.
  const massError = 2e-14 * (1 + blocks);
  const lossError = (epsilon: number): number => 1e-15 * blocks + 1e-13 * Math.abs(epsilon);
  // Where the numbers break down, nothing is known.
  return {
    logDeltaUpper: (epsilon) => {
      const bound = logAdd(upper(epsilon - lossError(epsilon)) + massError, logBeyond);
      return bound < 0 ? bound : 0;
    },
    logDeltaLower: (epsilon) => {
      const bound = lower(epsilon + lossError(epsilon)) - massError;
      return bound > -Infinity ? bound : -Infinity;
    },
  };
}

/** log delta as a function of epsilon, by one of the two measures. */
function logDeltaOf(
  bands: Bands,
  side: (pair: GridPair) => Float64Array,
  slack: number,
  tilt: number,
): (epsilon: number) => number {
  const sums = bands.map((pair) => {
    const decay = Math.exp(-tilt * pair.step);
    return { ...pair, ...suffixSums(side(pair), decay, Math.exp(-pair.step)) };
  });
  const { logScale } = bands[0] as GridPair;
  return (epsilon) => {
    let value = slack;
    for (const { origin, step, start, plain, discounted } of sums) {
      const index = Math.max(0, Math.floor((epsilon - origin) / step - start) + 1);
      if (!(index < plain.length)) continue;
      const gap = origin + (start + index) * step - epsilon;
      const mass = (plain[index] as number) - Math.exp(-gap) * (discounted[index] as number);
      value += Math.exp(-tilt * gap) * mass;
    }
    return value <= 0 ? -Infinity : Math.log(value) + logScale - tilt * epsilon;
  };
}

interface Sums {
  /** Sum over j >= i of mass[j] * exp(-tilt * (loss[j] - loss[i])). */
  readonly plain: Float64Array;
  /** The same with exp(-(tilt + 1) * ...). */
  readonly discounted: Float64Array;
}

function suffixSums(mass: Float64Array, decay: number, discount: number): Sums {
  spend(2 * mass.length);
  const plain = zeros(mass.length);
  const discounted = zeros(mass.length);
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

/** The two curves of an enclosed loss. */
export interface DeltaBounds {
  /** Logarithm of an upper bound on delta at `epsilon`. */
  logDeltaUpper(epsilon: number): number;
  /** Logarithm of a lower bound on delta at `epsilon`. */
  logDeltaLower(epsilon: number): number;
}

/** What holds of every loss. */
export const nothingKnown: DeltaBounds = { logDeltaUpper: () => 0, logDeltaLower: () => -Infinity };

/** An enclosed loss, a rough epsilon, and how long the longest grid of one release was. */
export interface Enclosed {
  readonly loss: DeltaBounds;
  readonly near: number;
  readonly points: number;
}

/**
 * Encloses the loss of a composition in one direction, accurate near `target`.
 *
 * `known` is epsilon where an earlier look has found it: the saddle point, which stands in for it otherwise, is far
 * off when one rare loss makes up all of epsilon.
 */
export function enclose(
  components: readonly Component[],
  target: Target,
  precision: Precision,
  known?: number,
): Enclosed {
  const blocks = components.reduce((sum, component) => sum + component.times, 0);
  const logDelta = "logDelta" in target ? target.logDelta : findTilt(components, target, -Infinity).logDelta;
  const logUnit = logDelta - logInsignificance;
  const logTail = logUnit - Math.log(blocks);
  const guess = findTilt(components, target, logTail);
  const setting = { tilt: guess.tilt, logUnit, tilted: negligible / blocks, beyond: 1 / blocks };
  const near = Math.max(least, known ?? guess.epsilon);
  const budget = Math.max(precision.absolute, Math.min(0.1, precision.relative * relaxation(near)) * near);
  const share = budget / components.length;
  const parts = discretiseAll(components, setting, {
    budget: share * splitShare,
    single: budget * splitShare,
    logTail,
    near,
  });
  const powers = parts.map((part) => power(part.bands, part.times, setting, share * (1 - splitShare)));
  const sorted = powers.sort((a, b) => stepOf(a) - stepOf(b));
  const whole = sorted.reduce((whole_, next) => product(whole_, next, setting, 1));
  return {
    loss: deltaBounds(whole, setting.tilt, blocks, logUnit),
    near: known ?? Math.max(0, guess.epsilon),
    points: Math.max(...parts.map(({ bands }) => bands.reduce((sum, { upper }) => sum + upper.length, 0))),
  };
}

function discretiseAll(
  components: readonly Component[],
  setting: Setting,
  {
    budget,
    single,
    logTail,
    near,
  }: { readonly budget: number; readonly single: number; readonly logTail: number; readonly near: number },
): { bands: Bands; times: number }[] {
  const { tilt, logUnit } = setting;
  const sketches = components.map((component) => component.source.sketch(tilt, logTail));
  const steps = components.map(({ times, source }, i) =>
    chooseStep(source, sketches[i] as Sketch, tilt, budget / times, Math.sqrt(8 * single * near)),
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
      bands: discretise(source, sketch, grid, cut, {
        coarse: budget / (times * (2 + 4 * Math.log2(times))),
        single,
      }),
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
function chooseStep(
  source: LossSource,
  sketch: Sketch,
  tilt: number,
  budget: number,
  widest: number,
): number {
  const width = Math.max(lossWidth(sketch), source.spacing?.step ?? 1e-12);
  const cost = (step: number): number =>
    splitCost(sketch, step, source.spacing?.origin ?? centreOf(sketch, step, tilt), tilt);
  const most = Math.min(width, 200 / (1 + tilt), widest);
  // A smooth distribution costs (1 + tilt) step^2 / 12; clustered ones cost less.
  let step = Math.min(most, Math.sqrt((11 * budget) / (1 + tilt)));
  // Only the bulk meets this step; what lies far out goes on coarser grids.
  spend(1000);
  while (width / step < longestWidth && cost(step) > budget) step /= Math.SQRT2;
  while (2 * step < most && cost(2 * step) <= budget) step *= 2;
  return Math.max(step, width / longestWidth);
}

/** No finer step is tried than this share of the width of all losses. */
const longestWidth = 2 ** 36;

/** Losses often cluster; a grid point on the barycentre of the fullest bin keeps that cluster where it is. */
function centreOf({ logMass, loss }: Sketch, step: number, tilt: number): number {
  spend(20 * loss.length);
  const bins = new Map<number, number>();
  let best = 0;
  const peak = largest(logMass);
  loss.forEach((at, i) => {
    const bin = Math.round(at / step);
    const mass = (bins.get(bin) ?? 0) + Math.exp((logMass[i] as number) - peak);
    bins.set(bin, mass);
    if (mass > (bins.get(best) ?? 0)) best = bin;
  });
  let mass = 0;
  let discounted = 0;
  loss.forEach((at, i) => {
    if (Math.round(at / step) !== best) return;
    const offset = at - best * step;
    const weight = Math.exp((logMass[i] as number) - peak - tilt * offset);
    mass += weight;
    discounted += weight * Math.exp(-offset);
  });
  const centre = best * step - Math.log(discounted / mass);
  return Number.isFinite(centre) ? centre : best * step;
}

/** What coarser bands may add to epsilon. */
interface Budget {
  /** Per release, on the average of the tilted law. */
  readonly coarse: number;
  /** For one large loss, when that alone makes up epsilon: a density that falls like a power of the loss is off by
   * about step^2 / (8 loss). */
  readonly single: number;
}

/** Discretises in as many bands as shorten the grids. */
function discretise(source: LossSource, sketch: Sketch, grid: Grid, cut: Cut, budget: Budget): Bands {
  const origin = source.spacing?.origin ?? aligned(source, grid, cut);
  for (let { step } = grid; ; step *= 2) {
    spend(1000);
    try {
      return windows(sketch, { ...grid, origin, step }, budget).map(
        ({ factor, windows: parts }) =>
          parts
            .map((window) => source.discretise({ ...grid, origin, step: step * factor }, { ...cut, window }))
            .reduce<GridPair | undefined>(
              (whole, { pair }) => (whole === undefined ? pair : add(whole, pair, 1)),
              undefined,
            ) as GridPair,
      );
    } catch (error) {
      if (!(error instanceof GridTooLong)) throw error;
    }
  }
}

/** The losses that go on one grid, `factor` times as coarse as the finest. */
interface BandWindow {
  readonly factor: number;
  readonly windows: readonly (readonly [number, number])[];
}

/**
 * Divides the losses into nested windows, one a band: as little is left outside as the next coarser grid may spread.
 */
function windows(sketch: Sketch, grid: Grid, budget: Budget): readonly BandWindow[] {
  const points = sortedMasses(sketch);
  const width = (points[points.length - 1] as Point).loss - (points[0] as Point).loss;
  const found: BandWindow[] = [];
  let inner: readonly [number, number] | undefined;
  let factor = 1;
  for (let left = width; left / (grid.step * factor) > longGrid / 2;) {
    spend(20 * points.length + 100);
    const wide = grid.step * factor * bandFactor;
    if (!isCoarse(wide, grid.tilt)) break;
    const allowed = budget.coarse / (2 * spreadCost(wide, grid.tilt));
    const core = coreOf(points, allowed, grid.origin, wide, (wide * wide) / (8 * budget.single));
    if (core === undefined) break;
    const outer = around(core, inner);
    found.push({ factor, windows: between(outer, inner) });
    left = width - (outer[1] - outer[0]);
    inner = outer;
    factor *= bandFactor;
  }
  found.push({ factor, windows: between([-Infinity, Infinity], inner) });
  return found;
}

/** The losses outside which at most `allowed` lies at either end, up to where bins of the coarser grid end. */
function coreOf(
  points: readonly Point[],
  allowed: number,
  origin: number,
  wide: number,
  reach: number,
): readonly [number, number] | undefined {
  const low = quantile(points, allowed);
  const high = quantile([...points].reverse(), allowed);
  if (!(low < high)) return undefined;
  const edge = (loss: number): number =>
    origin + Math.floor((loss - origin) / wide + 0.5) * wide - (wide - binBoundary(wide));
  return [edge(Math.min(low, origin - reach)), edge(Math.max(high + wide, origin + reach))];
}

/** Windows are nested, so that no loss lies in two bands. */
function around(
  core: readonly [number, number],
  inner: readonly [number, number] = core,
): readonly [number, number] {
  return [Math.min(core[0], inner[0]), Math.max(core[1], inner[1])];
}

/** `outer` without `inner`. */
function between(
  outer: readonly [number, number],
  inner: readonly [number, number] | undefined,
): readonly (readonly [number, number])[] {
  if (inner === undefined) return [outer];
  return [
    [outer[0], inner[0]],
    [inner[1], outer[1]],
  ];
}

interface Point {
  readonly loss: number;
  readonly mass: number;
}

function sortedMasses(sketch: Sketch): Point[] {
  const masses = relativeMasses(sketch);
  const sum = masses.reduce((total, mass) => total + mass, 0);
  return masses
    .map((mass, i) => ({ loss: sketch.loss[i] as number, mass: mass / sum }))
    .filter(({ mass }) => mass > 1e-17)
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
    const { offset } = source.discretise({ ...grid, origin }, { ...cut, window });
    // A bin whose mass is nearly all P's has no barycentre worth aligning to.
    if (!(Math.abs(offset) > 1e-9 * grid.step && Math.abs(offset) < grid.step)) break;
    const ratio = before === 0 ? 0 : Math.max(-0.5, Math.min(0.9, offset / before));
    origin += offset / (1 - ratio);
    before = offset;
  }
  return Number.isFinite(origin) ? origin : grid.origin;
}
