/**
 * The least point right of `from` where a decreasing function is at most `level`, from above; Infinity if none.
 *
 * `guess` only saves time. The answer satisfies f(answer) <= level.
 */
export function firstBelow(f: (x: number) => number, level: number, guess: number, relative = 1e-14): number {
  if (f(0) <= level) return 0;
  let low = 0;
  let high = Math.max(guess, 1e-12);
  for (let i = 0; i < 200 && !(f(high) <= level); i += 1) {
    low = high;
    high *= i < 4 ? 1.05 : 2;
    if (high > 1e300) return Infinity;
  }
  if (!(f(high) <= level)) return Infinity;
  return bisect((x) => f(x) <= level, low, high, relative)[1];
}

/**
 * The largest point left of `from` where f is at least `level`; 0 if none is found.
 *
 * f is a lower bound, good only near `from`, so the search walks left from there in growing strides.
 */
export function lastAbove(f: (x: number) => number, level: number, from: number): number {
  if (f(from) >= level) return from;
  let high = from;
  for (let stride = 1e-9 * (from + 1e-6); stride < 2 * from; stride *= 2) {
    const low = Math.max(0, from - stride);
    if (f(low) >= level) return bisect((x) => f(x) < level, low, high)[0];
    high = low;
  }
  return 0;
}

/** Narrows [low, high], `holds(low)` false and `holds(high)` true, to neighbouring numbers or `relative`. */
export function bisect(
  holds: (x: number) => boolean,
  low: number,
  high: number,
  relative = 1e-14,
): [number, number] {
  let a = low;
  let b = high;
  for (let i = 0; i < 100 && b - a > relative * b; i += 1) {
    const middle = a + (b - a) / 2;
    if (middle <= a || middle >= b) break;
    if (holds(middle)) b = middle;
    else a = middle;
  }
  return [a, b];
}
