/** Twiddle factors and bit-reversed order of one transform size. */
interface Plan {
  readonly cosine: Float64Array;
  readonly sine: Float64Array;
  readonly reversed: Uint32Array;
}

const plans = new Map<number, Plan>();

function planFor(size: number): Plan {
  const known = plans.get(size);
  if (known !== undefined) return known;
  const half = size >> 1;
  const cosine = new Float64Array(half);
  const sine = new Float64Array(half);
  for (let k = 0; k < half; k += 1) {
    const angle = (2 * Math.PI * k) / size;
    cosine[k] = Math.cos(angle);
    sine[k] = Math.sin(angle);
  }
  const reversed = new Uint32Array(size);
  for (let i = 1; i < size; i += 1) {
    reversed[i] = ((reversed[i >> 1] as number) >> 1) | (i & 1 ? half : 0);
  }
  const plan = { cosine, sine, reversed };
  // Large tables are cheap to rebuild and expensive to keep.
  if (size <= 1 << 17) plans.set(size, plan);
  return plan;
}

/**
 * The forward discrete Fourier transform, in place, of a power-of-two number of complex values.
 *
 * Round-off: the relative error in the L2 norm is at most {@link transformError}.
 */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  const { cosine, sine, reversed } = planFor(size);
  for (let i = 0; i < size; i += 1) {
    const j = reversed[i] as number;
    if (j > i) {
      const re = real[i] as number;
      const im = imaginary[i] as number;
      real[i] = real[j] as number;
      imaginary[i] = imaginary[j] as number;
      real[j] = re;
      imaginary[j] = im;
    }
  }
  for (let half = 1; half < size; half <<= 1) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0, t = 0; k < half; k += 1, t += stride) {
        const a = start + k;
        const b = a + half;
        const c = cosine[t] as number;
        const s = sine[t] as number;
        const br = real[b] as number;
        const bi = imaginary[b] as number;
        const re = br * c + bi * s;
        const im = bi * c - br * s;
        const ar = real[a] as number;
        const ai = imaginary[a] as number;
        real[a] = ar + re;
        imaginary[a] = ai + im;
        real[b] = ar - re;
        imaginary[b] = ai - im;
      }
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
