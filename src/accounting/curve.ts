import { epsilon, type EpsilonResult } from "./accountant.js";
import type { Event } from "./events.js";

/** A curve's deltas when none are given: every power of ten from 1e-12 to 1e-1. */
const usualDeltas = Array.from({ length: 12 }, (_, i) => 10 ** (i - 12));

/**
 * The privacy curve: epsilon, between its bounds, at each of `deltas`.
 *
 * @example
 * curve(gaussian(2), [1e-6, 1e-5]).map((point) => point.epsilon);
 */
export function curve(event: Event, deltas: readonly number[] = usualDeltas): readonly EpsilonResult[] {
  return deltas.map((delta) => epsilon(event, delta));
}
