import { accumulate, remembered, zeros } from "./arrays.js";
import { powerOfTwo, transform, transformError } from "./fft.js";
import { decayed } from "./logarithm.js";
import { placeBins } from "./lower-measure.js";
import { spend } from "./work.js";

/**
 * Two measures on one grid of privacy losses that enclose a loss distribution, exponentially tilted.
 *
 * Mass `i` sits at loss `origin + (start + i) * step` and is the probability under P times
 * exp(tilt * loss - logScale). `upper` belongs to a pair that dominates the true pair, `lower` to a pair it
 * dominates (docs/accounting.md, "Two measures on one grid").
 *
 * `upperSlack` is tilted mass that `upper` may lack (cut tails, round-off); `lowerSlack` is tilted mass that `lower`
 * may have in excess. Both are charged at the end.
 */
export interface GridPair {
  readonly step: number;
  readonly origin: number;
  readonly start: number;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly upperSlack: number;
  readonly lowerSlack: number;
  readonly logScale: number;
  /** Probability that `upper` treats as an infinite loss, in the composition's unit. */
  readonly beyond: number;
}

/**
 * Convolution of both measures: the loss of two independent releases. The arrays of the result are only valid until
 * the next convolution; `trim` copies them.
 */
export function convolve(a: GridPair, b: GridPair): GridPair {
  const length = a.upper.length + b.upper.length - 1;
  const size = powerOfTwo(length);
  const first = spectrum(a, scratch(size, 0));
  const second = a === b ? first : spectrum(b, scratch(size, 1));
  multiply(first, second);
  // The inverse transform is the forward one with real and imaginary parts exchanged.
  transform(first.imaginary, first.real);
  const upper = first.real.subarray(0, length);
  const lower = first.imaginary.subarray(0, length);
  const scale = 1 / size;
  let square = 0;
  for (let i = 0; i < length; i += 1) {
    const u = Math.max(0, (upper[i] as number) * scale);
    const l = Math.max(0, (lower[i] as number) * scale);
    upper[i] = u;
    lower[i] = l;
    square += u * u + l * l;
  }
  const [sizeA, sizeB] = [sizes(a), sizes(b)];
  const roundOff =
    Math.sqrt(size) *
    transformError(size) *
    (sizeA.norm * sizeB.upper + sizeB.norm * sizeA.upper + Math.sqrt(square));
  return {
    step: a.step,
    origin: a.origin + b.origin,
    start: a.start + b.start,
    upper,
    lower,
    upperSlack: a.upperSlack * (sizeB.upper + b.upperSlack) + b.upperSlack * sizeA.upper + roundOff,
    lowerSlack: a.lowerSlack * (sizeB.lower + b.lowerSlack) + b.lowerSlack * sizeA.lower + roundOff,
    logScale: a.logScale + b.logScale,
    beyond: a.beyond + b.beyond,
  };
}

interface Spectrum {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

const pools = [new Map<number, Spectrum>(), new Map<number, Spectrum>()] as const;

/** Working memory, kept while small. */
function scratch(size: number, which: 0 | 1): Spectrum {
  return remembered(pools[which], size, 1 << 16, () => ({ real: zeros(size), imaginary: zeros(size) }));
}

/** Both measures in one complex transform: upper as the real part, lower as the imaginary part. */
function spectrum(pair: GridPair, into: Spectrum): Spectrum {
  const { real, imaginary } = into;
  real.fill(0);
  imaginary.fill(0);
  real.set(pair.upper);
  imaginary.set(pair.lower);
  transform(real, imaginary);
  return into;
}

/** The first becomes the spectrum of (upper * upper) + i (lower * lower), frequency k and size - k together. */
function multiply({ real, imaginary }: Spectrum, { real: reals, imaginary: imaginaries }: Spectrum): void {
  const size = real.length;
  for (let k = 0; k <= size - k; k += 1) {
    const m = k === 0 ? 0 : size - k;
    const ar = real[k] as number;
    const ai = imaginary[k] as number;
    const am = real[m] as number;
    const an = imaginary[m] as number;
    const br = reals[k] as number;
    const bi = imaginaries[k] as number;
    const bm = reals[m] as number;
    const bn = imaginaries[m] as number;
    const [ur, ui] = times(ar + am, ai - an, br + bm, bi - bn);
    const [lr, li] = times(ai + an, am - ar, bi + bn, bm - br);
    real[k] = (ur - li) / 4;
    imaginary[k] = (ui + lr) / 4;
    real[m] = (ur + li) / 4;
    imaginary[m] = (lr - ui) / 4;
  }
}

function times(ar: number, ai: number, br: number, bi: number): readonly [number, number] {
  return [ar * br - ai * bi, ar * bi + ai * br];
}

/** Sums of both measures and their joint Euclidean norm. */
function sizes({ upper, lower }: GridPair): { upper: number; lower: number; norm: number } {
  let [sumU, sumL, square] = [0, 0, 0];
  for (let i = 0; i < upper.length; i += 1) {
    const u = upper[i] as number;
    const l = lower[i] as number;
    sumU += u;
    sumL += l;
    square += u * u + l * l;
  }
  return { upper: sumU, lower: sumL, norm: Math.sqrt(square) };
}

/** weight * a + b, on one grid. */
export function add(a: GridPair, b: GridPair, weight: number): GridPair {
  if (a.step !== b.step) throw new Error("Grids of different steps cannot be added.");
  const start = Math.min(a.start, b.start);
  const end = Math.max(a.start + a.upper.length, b.start + b.upper.length);
  const upper = zeros(end - start);
  const lower = zeros(end - start);
  for (const [pair, factor] of [
    [a, weight],
    [b, 1],
  ] as const) {
    const shift = pair.start - start;
    for (let i = 0; i < pair.upper.length; i += 1) {
      accumulate(upper, i + shift, factor * (pair.upper[i] as number));
      accumulate(lower, i + shift, factor * (pair.lower[i] as number));
    }
  }
  return {
    ...b,
    start,
    upper,
    lower,
    upperSlack: weight * a.upperSlack + b.upperSlack,
    lowerSlack: weight * a.lowerSlack + b.lowerSlack,
    beyond: weight * a.beyond + b.beyond,
  };
}

/** The part of a pair from index `first` up to `last`; the whole pair's slack goes with one part only. */
export function slice(pair: GridPair, first: number, last: number, withSlack = false): GridPair {
  const part = {
    ...pair,
    start: pair.start + first,
    upper: pair.upper.slice(first, last),
    lower: pair.lower.slice(first, last),
  };
  return withSlack ? part : { ...part, upperSlack: 0, lowerSlack: 0, beyond: 0 };
}

/** What `trim` may cut. */
export interface Trimming {
  readonly tilt: number;
  /** Tilted mass at either end. */
  readonly tilted: number;
  /** Probability at the largest losses, and its unit. */
  readonly beyond: number;
  readonly logUnit: number;
}

/** Cuts both ends where little is left; what `upper` loses becomes slack, or an infinite loss. */
export function trim(pair: GridPair, { tilt, tilted, beyond, logUnit }: Trimming): GridPair {
  const { upper, lower, step } = pair;
  const mass = (i: number): number => Math.max(upper[i] as number, lower[i] as number);
  let slack = 0;
  let first = 0;
  while (first < upper.length - 1 && slack + mass(first) <= tilted) slack += mass(first++);
  let last = upper.length - 1;
  let right = 0;
  while (last > first && right + mass(last) <= tilted) right += mass(last--);
  let infinite = 0;
  // From tilted mass back to probability, in the unit.
  let log = pair.logScale - logUnit - tilt * (pair.origin + (pair.start + last) * step);
  for (; last > first; last -= 1, log += tilt * step) {
    const probability = mass(last) * Math.exp(log);
    if (!(infinite + probability <= beyond)) break;
    infinite += probability;
  }
  return {
    ...pair,
    start: pair.start + first,
    upper: upper.slice(first, last + 1),
    lower: lower.slice(first, last + 1),
    upperSlack: pair.upperSlack + slack + right,
    beyond: pair.beyond + infinite,
  };
}

/** Tilted mass on the odd grid points, which `coarsen` has to move. */
export function oddMass(pair: GridPair): number {
  let sum = 0;
  for (let i = pair.start & 1 ? 0 : 1; i < pair.upper.length; i += 2) sum += pair.upper[i] as number;
  return sum;
}

/**
 * The same pair on a grid `factor` (a power of two) times as wide: the upper measure spreads, the lower one merges;
 * both keep P and Q.
 */
export function regrid(pair: GridPair, factor: number, tilt: number): GridPair {
  spend(8 * pair.upper.length);
  const { step, start } = pair;
  const wide = factor * step;
  const first = Math.floor(start / factor);
  const last = Math.floor((start + pair.upper.length - 1) / factor) + 1;
  const upper = zeros(last - first + 1);
  const mass = zeros(upper.length);
  const excess = zeros(upper.length);
  // A table pays while offsets repeat; between very unequal grids it would not fit in memory.
  const repeats = factor <= pair.upper.length;
  const moves = Array.from({ length: repeats ? factor : 0 }, (_, r) => moveOf(r * step, wide, tilt));
  for (let i = 0; i < pair.upper.length; i += 1) {
    const to = Math.floor((start + i) / factor) - first;
    const r = start + i - (to + first) * factor;
    const move = moves[r] ?? moveOf(r * step, wide, tilt);
    const u = pair.upper[i] as number;
    const l = pair.lower[i] as number;
    accumulate(upper, to, u * move.down * (1 - move.share));
    accumulate(upper, to + 1, u * move.up * move.share);
    // The point halfway belongs to both bins.
    const below = wide > widestSplit || r * 2 < factor ? l : r * 2 === factor ? l / 2 : 0;
    accumulate(mass, to, below * move.down);
    accumulate(excess, to, below * move.down * move.fall);
    accumulate(mass, to + 1, (l - below) * move.up);
    accumulate(excess, to + 1, (l - below) * move.up * move.rise);
  }
  const placed = placeBins({ mass, excess, step: wide, tilt });
  return {
    ...pair,
    step: wide,
    start: first,
    upper,
    lower: placed.lower,
    lowerSlack: pair.lowerSlack + placed.slack,
  };
}

/** On wider grids exp(step) overflows, and the lower measure is simply rounded down. */
const widestSplit = 500;

/** How mass `offset` above a point of a grid of width `wide` moves to that point and the next. */
interface Move {
  readonly share: number;
  readonly down: number;
  readonly up: number;
  readonly fall: number;
  readonly rise: number;
}

function moveOf(offset: number, wide: number, tilt: number): Move {
  return {
    share: Math.expm1(-offset) / Math.expm1(-wide),
    down: Math.exp(-tilt * offset),
    up: Math.exp(tilt * (wide - offset)),
    fall: decayed(offset),
    rise: wide > widestSplit ? 0 : -Math.expm1(wide - offset),
  };
}
