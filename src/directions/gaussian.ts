import type { Workspace } from "./workspace.js";

const { fround, sqrt } = Math;

/** Reads the bits of an f32 and back. */
const floats = new Float32Array(1);
const integers = new Int32Array(floats.buffer);

/** The bits of sqrt(1/2), and of sqrt(1/2) * 2^32. */
const halfRoot = 0x3f3504f3;
const halfRootTimes2To32 = 0x4f3504f3;

/** f32(-2 ln 2) and f32(pi / 2^33). */
const minusTwoLn2 = -1.3862943649291992;
const radiansPerUnit = 3.65729529994141e-10;

/** One quadrant is 2^30 units of the angle word. */
const halfQuadrant = 0x20000000;

/**
 * Turns the keystream words of `blocks` blocks into standard normal values, 16 a block (Box and Muller 1958).
 *
 * Guarantees:
 * - Value i depends on block floor(i / 16) alone.
 * - Only f32 additions, subtractions, multiplications, divisions and square roots, each rounded once, and integer
 *   operations; so every IEEE machine gives the same bits.
 * - |value| <= 6.67: the smallest u is 2^-32.
 */
export function gaussian(workspace: Workspace, blocks: number): void {
  const { words, values } = workspace;
  for (let block = 0; block < blocks; block++) {
    for (let j = block * 16; j < block * 16 + 8; j++) {
      const r = radius(words[j] ?? 0);
      const word = words[j + 8] ?? 0;
      values[j] = fround(r * turnedCosine(word));
      values[j + 8] = fround(r * turnedSine(word));
    }
  }
}

/**
 * sqrt(-2 ln u) for u = f32(max(word, 1)) * 2^-32, in f32; relative error below 2.5e-7.
 *
 * u = 2^e m with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh(s) with s = (m - 1) / (m + 1).
 */
export function radius(word: number): number {
  floats[0] = Math.max(word, 1);
  const bits = ((integers[0] ?? 0) - halfRootTimes2To32) | 0;
  const exponent = bits >> 23;
  integers[0] = (bits & 0x007fffff) + halfRoot;
  const m = floats[0];
  const s = fround(fround(m - 1) / fround(m + 1));
  const y = fround(s * s);
  let p = fround(fround(y * -0.5915989875793457) + -0.7997756004333496);
  p = fround(fround(y * p) + -1.3333337306976318);
  p = fround(fround(y * p) + -4);
  return fround(sqrt(fround(fround(exponent * minusTwoLn2) + fround(s * p))));
}

/** cos(2 pi (word + 1/2) / 2^32), the angle rounded to f32 within its quadrant. */
export function turnedCosine(word: number): number {
  const moved = (word + halfQuadrant) | 0;
  const x = quadrantAngle(word);
  const value = isOddQuadrant(moved) ? sine(x) : cosine(x);
  // Negative in the second and third quadrants, where the two top bits differ.
  return (moved ^ (moved << 1)) < 0 ? -value : value;
}

/** sin(2 pi (word + 1/2) / 2^32), the angle rounded to f32 within its quadrant. */
export function turnedSine(word: number): number {
  const moved = (word + halfQuadrant) | 0;
  const x = quadrantAngle(word);
  const value = isOddQuadrant(moved) ? cosine(x) : sine(x);
  return moved < 0 ? -value : value;
}

/** Whether the nearest multiple of pi / 2 is an odd one; `moved` is the word plus half a quadrant. */
function isOddQuadrant(moved: number): boolean {
  return moved << 1 < 0;
}

/**
 * The angle from the nearest multiple of pi / 2, in [-pi/4, pi/4].
 *
 * The word's top two bits fall away exactly; the half unit keeps the angle from zero and its law symmetric.
 */
function quadrantAngle(word: number): number {
  return fround(fround((word << 2) | 2) * radiansPerUnit);
}

/** sin x on [-pi/4, pi/4]. The constants of both are found by tools/kernels/fit.ts. */
function sine(x: number): number {
  const y = fround(x * x);
  let p = fround(fround(y * -0.00019587890710681677) + 0.008332747966051102);
  p = fround(fround(y * p) + -0.166666641831398);
  return fround(x + fround(fround(y * p) * x));
}

/** cos x on [-pi/4, pi/4]. */
function cosine(x: number): number {
  const y = fround(x * x);
  let p = fround(fround(y * 0.00002454794230288826) + -0.001388830249197781);
  p = fround(fround(y * p) + 0.0416666641831398);
  p = fround(fround(y * p) + -0.5);
  return fround(1 + fround(y * p));
}
