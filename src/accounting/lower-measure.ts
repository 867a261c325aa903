import { accumulate, zeros } from "./arrays.js";
import { decayed } from "./logarithm.js";
import { spend } from "./work.js";

/**
 * Where a loss inside a cell of width `step` changes from the bin of the cell's lower end to that of its upper end.
 * Chosen so that a bin of uniform probability has its Q-barycentre on the grid; tends to step / 2.
 */
export function binBoundary(step: number): number {
  return step - Math.log(step / decayed(step));
}

/** Bins of a loss distribution, tilted: their probability, and P - e^loss Q, which says how far off-centre they are. */
export interface Bins {
  readonly mass: Float64Array;
  readonly excess: Float64Array;
  readonly step: number;
  readonly tilt: number;
}

/** Clipped mass that is small enough to be charged as slack instead of repaired. */
const tolerableSlack = 1e-17;

/**
 * Puts bins on the grid without moving their barycentre: the optimistic side of the discretisation.
 *
 * A bin's two-point extrapolation may make a mass negative. `convexMinorant` repairs that inside. Near the ends, and
 * on the whole side of the fullest bin where the repair would run into an end, a bin is instead rounded down as far as
 * its neighbour cannot pay.
 */
export function placeBins(bins: Bins): { lower: Float64Array; slack: number } {
  let best: { lower: Float64Array; slack: number; worth: number } = {
    lower: bins.mass,
    slack: 0,
    worth: -Infinity,
  };
  for (const [left, right] of limits) {
    spend(4 * bins.mass.length);
    const lower = extrapolate(bins, left, right);
    const slack = convexMinorant(lower, bins.step, bins.tilt);
    // Every candidate is valid; the one that lost least of the tilted mass and of the mean loss is best.
    const worth = worthOf(lower, bins.step) - 100 * slack;
    if (worth > best.worth) best = { lower, slack, worth };
    if (left === 0 && slack <= tolerableSlack) break;
  }
  const rounded = roundDown(bins);
  return worthOf(rounded, bins.step) > best.worth ? { lower: rounded, slack: 0 } : best;
}

/** How many bins from the left and from the right end are limited to what their neighbour can pay. */
const limits = [
  [0, 0],
  [6, 6],
  [Infinity, 6],
  [6, Infinity],
  [Infinity, Infinity],
] as const;

function worthOf(lower: Float64Array, step: number): number {
  let sum = 0;
  for (let i = 0; i < lower.length; i += 1) sum += (lower[i] as number) * (1 + 1e-3 * step * i);
  return sum;
}

/** Each bin on the grid point at or below its barycentre: always valid, first order in the step. */
function roundDown({ mass, excess, step, tilt }: Bins): Float64Array {
  const lower = zeros(mass.length);
  const down = Math.exp(-tilt * step);
  mass.forEach((m, i) => {
    if ((excess[i] as number) >= 0) accumulate(lower, i, m);
    else if (i > 0) accumulate(lower, i - 1, m * down);
  });
  return lower;
}

function extrapolate(bins: Bins, limitLeft: number, limitRight: number): Float64Array {
  const lower = zeros(bins.mass.length);
  const { first, last, fullest } = extent(bins.mass);
  // From both ends towards the fullest bin, so that what a neighbour can pay is known.
  for (let i = first; i <= fullest; i += 1)
    extrapolateOne(bins, lower, i, first, last, i - first < limitLeft, false);
  for (let i = last; i > fullest; i -= 1)
    extrapolateOne(bins, lower, i, first, last, false, last - i < limitRight);
  return lower;
}

function extrapolateOne(
  { mass, excess, step, tilt }: Bins,
  lower: Float64Array,
  i: number,
  first: number,
  last: number,
  limitLeft: boolean,
  limitRight: boolean,
): void {
  const m = mass[i] as number;
  const u = excess[i] as number;
  const up = Math.exp(tilt * step);
  if (m === 0) return;
  if (u >= 0) {
    const available = i === first ? 0 : limitLeft ? Math.max(0, lower[i - 1] as number) * up : Infinity;
    const moved = Math.min(u / Math.expm1(step), available);
    accumulate(lower, i, m);
    accumulate(lower, i, moved);
    if (moved > 0) accumulate(lower, i - 1, -moved / up);
    return;
  }
  const wanted = u / Math.expm1(-step);
  const available = i === last ? 0 : limitRight ? Math.max(0, lower[i + 1] as number) / up : Infinity;
  const moved = Math.min(wanted, available);
  // The part of the bin that cannot be extrapolated is rounded down.
  const kept = m * (moved / wanted);
  accumulate(lower, i, kept);
  accumulate(lower, i, moved);
  if (moved > 0) accumulate(lower, i + 1, -moved * up);
  if (i > 0) accumulate(lower, i - 1, (m - kept) / up);
}

function extent(mass: Float64Array): { first: number; last: number; fullest: number } {
  let first = 0;
  while (first < mass.length - 1 && mass[first] === 0) first += 1;
  let last = mass.length - 1;
  while (last > first && mass[last] === 0) last -= 1;
  let fullest = first;
  for (let i = first; i <= last; i += 1) {
    if ((mass[i] as number) > (mass[fullest] as number)) fullest = i;
  }
  return { first, last, fullest };
}

/**
 * Replaces negative masses by the kinks of the convex minorant of the hockey-stick curve, in place (Andrew's chain,
 * written for second differences). What stays negative at an end is set to zero and returned as slack.
 */
function convexMinorant(lower: Float64Array, step: number, tilt: number): number {
  if (!lower.some((mass) => mass < 0)) return 0;
  const stack: number[] = [];
  for (let next = 0; next < lower.length; next += 1) {
    while (stack.length >= 2) {
      const middle = stack[stack.length - 1] as number;
      const mass = lower[middle] as number;
      if (mass >= 0) break;
      const before = stack[stack.length - 2] as number;
      spread(lower, before, middle, next, step, tilt);
      stack.pop();
    }
    stack.push(next);
  }
  let slack = 0;
  for (let i = 0; i < lower.length; i += 1) {
    const mass = lower[i] as number;
    if (mass >= 0 && mass < Infinity) continue;
    slack -= mass;
    lower[i] = 0;
  }
  return Number.isNaN(slack) ? Infinity : Math.abs(slack);
}

/** Moves the mass at `middle` to `before` and `next`, keeping P and Q. */
function spread(
  lower: Float64Array,
  before: number,
  middle: number,
  next: number,
  step: number,
  tilt: number,
): void {
  const left = (middle - before) * step;
  const right = (next - middle) * step;
  const whole = decayed(left + right);
  const mass = lower[middle] as number;
  const toLeft = (Math.exp(-left) * decayed(right)) / whole;
  const toRight = decayed(left) / whole;
  accumulate(lower, before, mass * toLeft * Math.exp(-tilt * left));
  accumulate(lower, next, mass * toRight * Math.exp(tilt * right));
  lower[middle] = 0;
}
