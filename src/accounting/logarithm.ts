/** log(e^a + e^b), without overflow. */
export function logAdd(a: number, b: number): number {
  const large = Math.max(a, b);
  return large === -Infinity ? -Infinity : large + Math.log1p(Math.exp(Math.min(a, b) - large));
}

/** log(e^a - e^b), -Infinity where the difference is not positive. */
export function logSubtract(a: number, b: number): number {
  return a > b ? a + Math.log1p(-Math.exp(b - a)) : -Infinity;
}

/** 1 - e^-x, exact to round-off for small x. */
export function decayed(x: number): number {
  return -Math.expm1(-x);
}
