import { describe, expect, test } from "vitest";

import { powerOfTwo, transform, transformError } from "./fft.js";

/** Deterministic values without a generator. */
const wave = (length: number, shift: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + shift) * 43.7 - Math.floor(i / 3) / 9);

function slow(real: Float64Array, imaginary: Float64Array): { real: Float64Array; imaginary: Float64Array } {
  const n = real.length;
  const out = { real: new Float64Array(n), imaginary: new Float64Array(n) };
  for (let k = 0; k < n; k += 1) {
    for (let j = 0; j < n; j += 1) {
      const angle = (2 * Math.PI * ((j * k) % n)) / n;
      out.real[k]! += real[j]! * Math.cos(angle) + imaginary[j]! * Math.sin(angle);
      out.imaginary[k]! += imaginary[j]! * Math.cos(angle) - real[j]! * Math.sin(angle);
    }
  }
  return out;
}

describe("fft", () => {
  test.each([1, 2, 4, 8, 16, 128, 512])("agrees with the definition at size %i", (size) => {
    const real = wave(size, 1);
    const imaginary = wave(size, 2);
    const expected = slow(real, imaginary);
    transform(real, imaginary);
    const scale = Math.hypot(...expected.real, ...expected.imaginary);
    const error = Math.hypot(
      ...real.map((value, i) => value - expected.real[i]!),
      ...imaginary.map((value, i) => value - expected.imaginary[i]!),
    );
    expect(error / scale).toBeLessThan(1e-13);
  });

  test("a round trip stays within twice the stated error", () => {
    for (const size of [1 << 10, 1 << 15]) {
      const original = wave(size, 3);
      const real = original.slice();
      const imaginary = new Float64Array(size);
      transform(real, imaginary);
      transform(imaginary, real);
      const error = Math.hypot(...real.map((value, i) => value / size - original[i]!));
      expect(error / Math.hypot(...original)).toBeLessThan(2 * transformError(size));
    }
  });

  test("powerOfTwo is the least one that is large enough", () => {
    expect([1, 2, 3, 4, 5, 1023, 1025].map(powerOfTwo)).toEqual([1, 2, 4, 4, 8, 1024, 2048]);
  });
});
