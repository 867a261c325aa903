import { remembered } from "./arrays.js";
import { spend } from "./work.js";

/** Twiddle factors of one pass: exp(-2 pi i k / (2 half)) and exp(-2 pi i k / (4 half)) for k < half. */
interface Twiddles {
  readonly c1: Float64Array;
  readonly s1: Float64Array;
  readonly c2: Float64Array;
  readonly s2: Float64Array;
}

/** Largest tables that are kept; larger ones are cheap to rebuild and expensive to keep. */
const largestKept = 1 << 18;
const twiddleTables = new Map<number, Twiddles>();
const orders = new Map<number, Uint32Array>();

function twiddles(half: number): Twiddles {
  const table = (f: (angle: number) => number, whole: number): Float64Array =>
    Float64Array.from({ length: half }, (_, k) => f((2 * Math.PI * k) / whole));
  return remembered(twiddleTables, half, largestKept, () => ({
    c1: table(Math.cos, 2 * half),
    s1: table(Math.sin, 2 * half),
    c2: table(Math.cos, 4 * half),
    s2: table(Math.sin, 4 * half),
  }));
}

function bitReversed(size: number): Uint32Array {
  return remembered(orders, size, largestKept, () => {
    const order = new Uint32Array(size);
    for (let i = 1; i < size; i += 1) {
      order[i] = ((order[i >> 1] as number) >> 1) | (i & 1 ? size >> 1 : 0);
    }
    return order;
  });
}

/**
 * The forward discrete Fourier transform, in place, of a power-of-two number of complex values.
 *
 * Round-off: the relative error in the L2 norm is at most {@link transformError}.
 */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  spend(size * Math.log2(size));
  reorder(real, imaginary, bitReversed(size));
  // Two radix-2 stages a pass halve the memory traffic; an odd number of stages starts with a single one.
  let half = 1;
  if (Math.log2(size) % 2 === 1) {
    pairs(real, imaginary);
    half = 2;
  }
  for (; half < size; half *= 4) quads(real, imaginary, half, twiddles(half));
}

function reorder(real: Float64Array, imaginary: Float64Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i += 1) {
    const j = order[i] as number;
    if (j <= i) continue;
    const re = real[i] as number;
    const im = imaginary[i] as number;
    real[i] = real[j] as number;
    imaginary[i] = imaginary[j] as number;
    real[j] = re;
    imaginary[j] = im;
  }
}

/** The first stage: sums and differences of neighbours. */
function pairs(real: Float64Array, imaginary: Float64Array): void {
  for (let a = 0; a < real.length; a += 2) {
    const re = real[a + 1] as number;
    const im = imaginary[a + 1] as number;
    const ar = real[a] as number;
    const ai = imaginary[a] as number;
    real[a] = ar + re;
    imaginary[a] = ai + im;
    real[a + 1] = ar - re;
    imaginary[a + 1] = ai - im;
  }
}

/** The stages of half-widths `half` and `2 * half` together. A kernel: long, but one thing. */
function quads(real: Float64Array, imaginary: Float64Array, half: number, twiddle: Twiddles): void {
  const { c1, s1, c2, s2 } = twiddle;
  for (let start = 0; start < real.length; start += 4 * half) {
    for (let k = 0; k < half; k += 1) {
      const a = start + k;
      const b = a + half;
      const c = b + half;
      const d = c + half;
      const w1 = c1[k] as number;
      const v1 = s1[k] as number;
      const w2 = c2[k] as number;
      const v2 = s2[k] as number;
      const rb = real[b] as number;
      const ib = imaginary[b] as number;
      const rd = real[d] as number;
      const id = imaginary[d] as number;
      const br = rb * w1 + ib * v1;
      const bi = ib * w1 - rb * v1;
      const dr = rd * w1 + id * v1;
      const di = id * w1 - rd * v1;
      const ar = real[a] as number;
      const ai = imaginary[a] as number;
      const cr = real[c] as number;
      const ci = imaginary[c] as number;
      const er = cr + dr;
      const ei = ci + di;
      const fr = cr - dr;
      const fi = ci - di;
      // Second stage: twiddle w for (a, c), and -i w for (b, d).
      const pr = er * w2 + ei * v2;
      const pi = ei * w2 - er * v2;
      const qr = fi * w2 - fr * v2;
      const qi = -(fr * w2 + fi * v2);
      const sr = ar + br;
      const si = ai + bi;
      const tr = ar - br;
      const ti = ai - bi;
      real[a] = sr + pr;
      imaginary[a] = si + pi;
      real[c] = sr - pr;
      imaginary[c] = si - pi;
      real[b] = tr + qr;
      imaginary[b] = ti + qi;
      real[d] = tr - qr;
      imaginary[d] = ti - qi;
    }
  }
}

/**
 * A bound on the relative L2 error of {@link transform}: log2(n) stages, each at most 7 units in the last place
 * (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 24.2, twiddles good to one ulp).
 */
export function transformError(size: number): number {
  return 8 * 1.2e-16 * Math.max(1, Math.log2(size));
}

/** The smallest power of two that is at least `length`. */
export function powerOfTwo(length: number): number {
  let size = 1;
  while (size < length) size *= 2;
  return size;
}
