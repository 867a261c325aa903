// Loops over the chunk buffers, four values at a time; `count` is rounded up to a multiple of four by the loops, so
// up to three values past it are computed and never read.
import { ACCUMULATOR, MINUS, PLUS, SQUARES, VALUES, WEIGHTS } from "./layout";

/** VALUES *= factor. */
export function scale(count: u32, factor: f32): void {
  const end: usize = (<usize>count) << 2;
  const f = f32x4.splat(factor);
  for (let at: usize = 0; at < end; at += 16) {
    v128.store(VALUES + at, f32x4.mul(v128.load(VALUES + at), f));
  }
}

/** PLUS = WEIGHTS + smoothing * VALUES and MINUS = WEIGHTS - smoothing * VALUES. */
export function perturb(count: u32, smoothing: f32): void {
  const end: usize = (<usize>count) << 2;
  const phi = f32x4.splat(smoothing);
  for (let at: usize = 0; at < end; at += 16) {
    const w = v128.load(WEIGHTS + at);
    const move = f32x4.mul(phi, v128.load(VALUES + at));
    v128.store(PLUS + at, f32x4.add(w, move));
    v128.store(MINUS + at, f32x4.sub(w, move));
  }
}

/** ACCUMULATOR = 0. */
export function clear(count: u32): void {
  memory.fill(ACCUMULATOR, 0, (<usize>count) << 2);
}

/** ACCUMULATOR += coefficient * VALUES. */
export function accumulate(count: u32, coefficient: f32): void {
  const end: usize = (<usize>count) << 2;
  const c = f32x4.splat(coefficient);
  for (let at: usize = 0; at < end; at += 16) {
    const term = f32x4.mul(c, v128.load(VALUES + at));
    v128.store(ACCUMULATOR + at, f32x4.add(v128.load(ACCUMULATOR + at), term));
  }
}

/** WEIGHTS -= learningRate * ACCUMULATOR. */
export function step(count: u32, learningRate: f32): void {
  const end: usize = (<usize>count) << 2;
  const rate = f32x4.splat(learningRate);
  for (let at: usize = 0; at < end; at += 16) {
    const move = f32x4.mul(rate, v128.load(ACCUMULATOR + at));
    v128.store(WEIGHTS + at, f32x4.sub(v128.load(WEIGHTS + at), move));
  }
}

/** WEIGHTS = (WEIGHTS + pull * anchor - learningRate * ACCUMULATOR) / (1 + pull), with the anchor in MINUS. */
export function pulledStep(count: u32, learningRate: f32, pull: f32): void {
  const end: usize = (<usize>count) << 2;
  const rate = f32x4.splat(learningRate);
  const a = f32x4.splat(pull);
  const divisor = f32x4.splat(1 + pull);
  for (let at: usize = 0; at < end; at += 16) {
    const pulled = f32x4.add(v128.load(WEIGHTS + at), f32x4.mul(a, v128.load(MINUS + at)));
    const moved = f32x4.sub(pulled, f32x4.mul(rate, v128.load(ACCUMULATOR + at)));
    v128.store(WEIGHTS + at, f32x4.div(moved, divisor));
  }
}

/** Adds VALUES^2 to the four f64 sums in SQUARES: value i goes to sum i mod 4. `count` is a multiple of four. */
export function squares(count: u32): void {
  const end: usize = (<usize>count) << 2;
  let low = v128.load(SQUARES);
  let high = v128.load(SQUARES + 16);
  for (let at: usize = 0; at < end; at += 16) {
    const v = v128.load(VALUES + at);
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  v128.store(SQUARES, low);
  v128.store(SQUARES + 16, high);
}
