/**
 * Index of the first NaN or infinity, or -1.
 *
 * By the bits: an exponent of ones is one or the other, and no comparison of floats is needed.
 */
export function firstNonFinite(values: Float32Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < words.length; i++) {
    if (((words[i] ?? 0) & 0x7f800000) === 0x7f800000) return i;
  }
  return -1;
}
