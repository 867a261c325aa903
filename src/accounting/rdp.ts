import { badArgument } from "./errors.js";
import { type Event, parseEvent } from "./events.js";
import { flatten } from "./flatten.js";
import { logMoment } from "./moments.js";

/** The orders google dp_accounting uses. */
export const rdpOrders: readonly number[] = Object.freeze([
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => i + 11),
  128,
  256,
  512,
  1024,
]);

/** Answer of the RDP accountant. */
export interface RdpResult {
  readonly epsilon: number;
  /** RDP bounds from above only. */
  readonly epsilonLower: 0;
  readonly delta: number;
  /** The order that gave epsilon. */
  readonly order: number;
}

/**
 * Epsilon by Renyi differential privacy: looser than {@link epsilon} by a few per cent, and simple to check by hand.
 *
 * Guarantees:
 * - `epsilon` is never below the true epsilon
 * - an event it does not know is refused, at any depth
 *
 * @param delta Above 0, at most 1.
 * @throws {AccountingError} as {@link epsilon}
 * @see Mironov, Talwar and Zhang 2019; conversion of Canonne, Kamath and Steinke 2020, Proposition 12
 */
export function rdpEpsilon(event: Event, delta: number, orders: readonly number[] = rdpOrders): RdpResult {
  if (!(typeof delta === "number" && delta > 0 && delta <= 1)) {
    throw badArgument("delta", delta, "a number above 0, at most 1");
  }
  const wrong = orders.find((order) => !(order > 1 && order < Infinity));
  if (wrong !== undefined || orders.length === 0) {
    throw badArgument("An order", wrong, "finite orders above 1");
  }
  const { releases, nonPrivate } = flatten(parseEvent(event));
  if (nonPrivate) return { epsilon: Infinity, epsilonLower: 0, delta, order: Infinity };
  let best = { epsilon: Infinity, order: Infinity };
  for (const order of orders) {
    const sum = releases.reduce((total, release) => total + release.times * logMoment(release, order), 0);
    const epsilon = convert(Math.max(0, sum) / (order - 1), order, delta);
    if (epsilon < best.epsilon) best = { epsilon, order };
  }
  return { ...best, epsilonLower: 0, delta };
}

function convert(divergence: number, order: number, delta: number): number {
  // delta is at most sqrt(1 - exp(-KL)), and KL is at most the divergence.
  if (delta * delta + Math.expm1(-divergence) > 0) return 0;
  if (order <= 1.01) return Infinity;
  return Math.max(0, divergence + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
}
