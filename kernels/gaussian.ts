// Box-Muller on keystream words, four pairs at a time; src/directions/gaussian.ts is the twin and explains each step.
import { VALUES, WORDS } from "./layout";

// The constants are loaded, one instruction each, because V8 composes a vector literal anew in every turn of a loop.
const FLOATS: usize = memory.data<f32>([
  1, -4, -0.5, 3.65729529994141e-10, -1.3862943649291992,
  // logarithm
  -0.5915989875793457, -0.7997756004333496, -1.3333337306976318,
  // sine
  -0.00019587890710681677, 0.008332747966051102, -0.166666641831398,
  // cosine
  0.00002454794230288826, -0.001388830249197781, 0.0416666641831398,
]);
const INTEGERS: usize = memory.data<u32>([1, 2, 0x20000000, 0x80000000, 0x4f3504f3, 0x3f3504f3, 0x007fffff]);

/** The table's float at `index`, in all lanes. */
function float(index: usize): v128 {
  return v128.load32_splat(FLOATS + (index << 2));
}

/** The table's integer at `index`, in all lanes. */
function integer(index: usize): v128 {
  return v128.load32_splat(INTEGERS + (index << 2));
}

/** y * p + the table's float at `index`, rounded twice: the step of Horner's rule. */
function horner(y: v128, p: v128, index: usize): v128 {
  return f32x4.add(f32x4.mul(y, p), float(index));
}

/** The radius sqrt(-2 ln u) of u = f32(max(w, 1)) * 2^-32. */
function radius(words: v128): v128 {
  // Less the bits of sqrt(1/2) * 2^32: the mantissa m below then lies in [sqrt(1/2), sqrt(2)).
  const bits = i32x4.sub(f32x4.convert_i32x4_u(i32x4.max_u(words, integer(0))), integer(4));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, integer(6)), integer(5));
  const s = f32x4.div(f32x4.sub(m, float(0)), f32x4.add(m, float(0)));
  const y = f32x4.mul(s, s);
  const p = horner(y, horner(y, horner(y, float(5), 6), 7), 1);
  return f32x4.sqrt(f32x4.add(f32x4.mul(exponent, float(4)), f32x4.mul(s, p)));
}

/** The angle from the nearest multiple of pi / 2, in [-pi/4, pi/4]. */
function angle(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(v128.or(i32x4.shl(words, 2), integer(1))), float(3));
}

/** sin x for x in [-pi/4, pi/4], where y = x * x. */
function sine(x: v128, y: v128): v128 {
  const p = horner(y, horner(y, float(8), 9), 10);
  return f32x4.add(x, f32x4.mul(f32x4.mul(y, p), x));
}

/** cos x for x in [-pi/4, pi/4], where y = x * x. */
function cosine(y: v128): v128 {
  return horner(y, horner(y, horner(y, horner(y, float(11), 12), 13), 2), 0);
}

/** Words j and j + 8 of a block, j = offset / 4 to offset / 4 + 3, give the values j and j + 8. */
function fourPairs(offset: usize): void {
  const r = radius(v128.load(WORDS + offset));
  const words = v128.load(WORDS + 32 + offset);
  const x = angle(words);
  const y = f32x4.mul(x, x);
  const s = sine(x, y);
  const c = cosine(y);
  const moved = i32x4.add(words, integer(2));
  const next = i32x4.shl(moved, 1);
  // In odd quadrants sine and cosine change places.
  const swap = v128.and(v128.xor(s, c), i32x4.shr_s(next, 31));
  const first = v128.xor(v128.xor(c, swap), v128.and(v128.xor(moved, next), integer(3)));
  const second = v128.xor(v128.xor(s, swap), v128.and(moved, integer(3)));
  v128.store(VALUES + offset, f32x4.mul(r, first));
  v128.store(VALUES + 32 + offset, f32x4.mul(r, second));
}

/** Turns the keystream of `blocks` blocks in WORDS into standard normal VALUES, 16 a block. */
export function gaussian(blocks: u32): void {
  const end: usize = (<usize>blocks) << 5;
  // Half a block a turn, from one place, so that the compiler puts the function's body into the loop.
  for (let half: usize = 0; half < end; half += 16) {
    fourPairs(((half & ~31) << 1) + (half & 16));
  }
}
