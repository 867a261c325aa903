// Box-Muller on keystream words, four pairs at a time; src/directions/gaussian.ts is the twin and explains each step.
import { VALUES, WORDS } from "./layout";

/** The radius sqrt(-2 ln u) of u = f32(max(w, 1)) * 2^-32. */
function radius(words: v128): v128 {
  const bits = i32x4.sub(
    f32x4.convert_i32x4_u(i32x4.max_u(words, i32x4.splat(1))),
    // The bits of sqrt(1/2) * 2^32: the mantissa m below then lies in [sqrt(1/2), sqrt(2)).
    i32x4.splat(0x4f3504f3),
  );
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const one = f32x4.splat(1);
  const s = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one));
  const y = f32x4.mul(s, s);
  let p = f32x4.add(f32x4.mul(y, f32x4.splat(-0.5915989875793457)), f32x4.splat(-0.7997756004333496));
  p = f32x4.add(f32x4.mul(y, p), f32x4.splat(-1.3333337306976318));
  p = f32x4.add(f32x4.mul(y, p), f32x4.splat(-4));
  const square = f32x4.add(f32x4.mul(exponent, f32x4.splat(-1.3862943649291992)), f32x4.mul(s, p));
  return f32x4.sqrt(square);
}

/** The angle from the middle of the nearest quadrant, in [-pi/4, pi/4]. */
function angle(words: v128): v128 {
  const fraction = v128.or(i32x4.shl(words, 2), i32x4.splat(2));
  return f32x4.mul(f32x4.convert_i32x4_s(fraction), f32x4.splat(3.65729529994141e-10));
}

/** sin x for x in [-pi/4, pi/4], where y = x * x. */
function sine(x: v128, y: v128): v128 {
  let p = f32x4.add(f32x4.mul(y, f32x4.splat(-0.00019587890710681677)), f32x4.splat(0.008332747966051102));
  p = f32x4.add(f32x4.mul(y, p), f32x4.splat(-0.166666641831398));
  return f32x4.add(x, f32x4.mul(f32x4.mul(y, p), x));
}

/** cos x for x in [-pi/4, pi/4], where y = x * x. */
function cosine(y: v128): v128 {
  let p = f32x4.add(f32x4.mul(y, f32x4.splat(0.00002454794230288826)), f32x4.splat(-0.001388830249197781));
  p = f32x4.add(f32x4.mul(y, p), f32x4.splat(0.0416666641831398));
  p = f32x4.add(f32x4.mul(y, p), f32x4.splat(-0.5));
  return f32x4.add(f32x4.splat(1), f32x4.mul(y, p));
}

/** Words j and j + 8 of a block, j = offset / 4 to offset / 4 + 3, give the values j and j + 8. */
function fourPairs(offset: usize): void {
  const r = radius(v128.load(WORDS + offset));
  const words = v128.load(WORDS + 32 + offset);
  const moved = i32x4.add(words, i32x4.splat(0x20000000));
  const x = angle(words);
  const y = f32x4.mul(x, x);
  const s = sine(x, y);
  const c = cosine(y);
  const next = i32x4.shl(moved, 1);
  const swap = i32x4.shr_s(next, 31);
  const sign = i32x4.splat(0x80000000);
  const first = v128.xor(v128.bitselect(s, c, swap), v128.and(v128.xor(moved, next), sign));
  const second = v128.xor(v128.bitselect(c, s, swap), v128.and(moved, sign));
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
