/**
 * One Poisson-sampled release has a closed form (Balle, Barthe and Gaboardi 2018, Theorem 2, which is an equality for
 * this pair): every numeric part of the accountant but composition is checked against it, in all corners.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  delta,
  epsilon,
  type Event,
  gaussian,
  gaussianLogDelta,
  laplace,
  poissonSampled,
} from "../src/accounting/index.js";

/** log delta of the unsampled noise at any epsilon, negative too. */
type LogDelta = (epsilon: number) => number;

const gaussianNoise =
  (sigma: number): LogDelta =>
  (at) =>
    gaussianLogDelta(at, 1 / sigma);

/** 1 - exp((epsilon - 1 / b) / 2) between -1 / b and 1 / b. */
const laplaceNoise =
  (scale: number): LogDelta =>
  (at) => {
    if (at >= 1 / scale) return -Infinity;
    if (at <= -1 / scale) return Math.log(-Math.expm1(at));
    const positive = -Math.expm1((Math.abs(at) - 1 / scale) / 2);
    // P - e^a Q of the mirrored pair, for negative a.
    return Math.log(at >= 0 ? positive : -Math.expm1(at) + Math.exp(at) * positive);
  };

/** With the record against without: q times the noise's delta at log(1 + (e^epsilon - 1) / q). */
function removeLogDelta(q: number, noise: LogDelta, at: number): number {
  return Math.log(q) + noise(Math.log1p(Math.expm1(at) / q));
}

/** Without against with: the part of the noise's own mass that sampling leaves. */
function addLogDelta(q: number, noise: LogDelta, at: number): number {
  const left = q - Math.expm1(at) * (1 - q);
  return left <= 0 ? -Infinity : Math.log(left) + noise(at + Math.log(q / left));
}

function expectEnclosed(event: Event, at: number, truth: number): void {
  const { logDelta, logDeltaLower } = delta(event, at);
  const off = 1e-11 * (1 + Math.abs(truth));
  expect(logDelta).toBeGreaterThanOrEqual(truth - off);
  expect(logDeltaLower).toBeLessThanOrEqual(truth + off);
}

const rate = fc.double({ min: -9, max: -1e-3, noNaN: true }).map((power) => 10 ** power);
const size = fc.double({ min: -0.7, max: 2, noNaN: true }).map((power) => 10 ** power);
const target = fc.double({ min: -4, max: 1, noNaN: true }).map((power) => 10 ** power);

describe.each([
  ["Gaussian", gaussian, gaussianNoise],
  ["Laplace", laplace, laplaceNoise],
] as const)("one sampled release of %s noise", (_, makeEvent, noise) => {
  test("delta is enclosed at every rate, noise and epsilon", () => {
    fc.assert(
      fc.property(rate, size, target, (q, scale, at) => {
        const truth = Math.max(removeLogDelta(q, noise(scale), at), addLogDelta(q, noise(scale), at));
        if (truth > -600) expectEnclosed(poissonSampled(q, makeEvent(scale)), at, truth);
      }),
      { numRuns: 60 },
    );
  });

  test("and epsilon is at each delta", () => {
    fc.assert(
      fc.property(rate, size, target, (q, scale, at) => {
        const truth = Math.max(removeLogDelta(q, noise(scale), at), addLogDelta(q, noise(scale), at));
        if (!(truth > -600)) return;
        const found = epsilon(poissonSampled(q, makeEvent(scale)), Math.exp(truth));
        expect(found.epsilon).toBeGreaterThanOrEqual(at * (1 - 1e-11) - 1e-13);
        expect(found.epsilonLower).toBeLessThanOrEqual(at * (1 + 1e-11) + 1e-13);
      }),
      { numRuns: 40 },
    );
  });
});
