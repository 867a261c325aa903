/**
 * Conversions between float32 and the two 16-bit formats, on raw bits.
 *
 * Widening is exact. Narrowing rounds to nearest, ties to even, as IEEE 754 and PyTorch do.
 * NaN stays NaN (its leading payload bits are kept), infinities stay infinite, zeros keep their sign.
 */

/** Index of the first finite value that became infinite, or -1. */
export type OverflowIndex = number;

let float16Table: Uint32Array | undefined;

/** Widens float16 bits to float32, exactly. */
export function decodeFloat16(
  bits: Uint16Array,
  out: Float32Array = new Float32Array(bits.length),
): Float32Array {
  const table = (float16Table ??= makeFloat16Table());
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) words[i] = table[bits[i] ?? 0] ?? 0;
  return out;
}

/** Widens bfloat16 bits to float32, exactly. */
export function decodeBfloat16(
  bits: Uint16Array,
  out: Float32Array = new Float32Array(bits.length),
): Float32Array {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] ?? 0) << 16;
  return out;
}

/**
 * Narrows float32 to float16 bits.
 *
 * @returns the index of the first finite value too large for float16 (65,520 and above), or -1.
 */
export function encodeFloat16(values: Float32Array, out: Uint16Array): OverflowIndex {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let overflow = -1;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    const magnitude = word & 0x7fffffff;
    let half: number;
    if (magnitude >= 0x7f800000) {
      half = magnitude === 0x7f800000 ? 0x7c00 : 0x7e00 | ((magnitude >>> 13) & 0x3ff);
    } else if (magnitude >= 0x38800000) {
      // Re-bias the exponent by 112; add half a unit less one, plus the last kept bit: ties go to even.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
      if (half >= 0x7c00) {
        half = 0x7c00;
        if (overflow < 0) overflow = i;
      }
    } else {
      half = subnormalFloat16(magnitude);
    }
    out[i] = ((word >>> 16) & 0x8000) | half;
  }
  return overflow;
}

/**
 * Narrows float32 to bfloat16 bits.
 *
 * @returns the index of the first finite value that rounds to infinity, or -1.
 */
export function encodeBfloat16(values: Float32Array, out: Uint16Array): OverflowIndex {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let overflow = -1;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    const magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      out[i] = (word >>> 16) | 0x0040;
      continue;
    }
    const rounded = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    if (overflow < 0 && (rounded & 0x7fff) === 0x7f80 && magnitude !== 0x7f800000) overflow = i;
    out[i] = rounded;
  }
  return overflow;
}

/** Magnitudes below 2^-14: the significand is shifted to units of 2^-24 and rounded, ties to even. */
function subnormalFloat16(magnitude: number): number {
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return 0;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** All 65,536 float16 values as float32 bits: 256 kB, made on first use, faster than deciding per value. */
function makeFloat16Table(): Uint32Array {
  const table = new Uint32Array(65_536);
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  for (let bits = 0; bits < 65_536; bits++) {
    const exponent = (bits >>> 10) & 31;
    const fraction = bits & 1023;
    const sign = (bits & 0x8000) << 16;
    if (exponent === 31) {
      table[bits] = sign | 0x7f800000 | (fraction << 13);
    } else if (exponent > 0) {
      table[bits] = sign | ((exponent + 112) << 23) | (fraction << 13);
    } else {
      float[0] = fraction * 2 ** -24;
      table[bits] = sign | (word[0] ?? 0);
    }
  }
  return table;
}
