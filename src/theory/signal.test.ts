import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  directionVariance,
  noiseVariance,
  oneStepDecrease,
  plannedSignal,
  signalToNoise,
  signalToNoiseCeiling,
  usefulDirections,
} from "./index.js";

const target = { epsilon: 2, delta: 1e-5, records: 1024 };
const positive = fc.double({ min: 0.01, max: 100, noNaN: true });

describe("signal and noise", () => {
  test("the ceiling is n mu", () => {
    // mpmath: mu of (2, 1e-5) is 0.5015516891696566, times 1024.
    expect(signalToNoiseCeiling(target)).toBeCloseTo(513.5889297097284, 3);
    expect(signalToNoiseCeiling(target)).toBeLessThan(513.58893);
  });

  test("B = 64, T = 1,000 of n = 1,024 is within 3 % of it, more steps bring 2 % more, B = 8 is far away", () => {
    const share = (batch: number, steps: number): number =>
      plannedSignal({ ...target, batch, steps }).shareOfCeiling;
    expect(share(64, 1000)).toBeGreaterThan(0.97);
    expect(share(64, 6000) - share(64, 1000)).toBeLessThan(0.025);
    expect(share(8, 1000)).toBeLessThan(0.6);
  });

  test("full batches are at the ceiling whatever T is; sampled ones stay below", () => {
    for (const steps of [1, 30, 1000]) {
      expect(plannedSignal({ ...target, batch: 1024, steps }).shareOfCeiling).toBeCloseTo(1, 5);
    }
    for (const batch of [16, 128, 512]) {
      for (const steps of [10, 300]) {
        expect(plannedSignal({ ...target, batch, steps }).shareOfCeiling).toBeLessThan(1);
      }
    }
  });

  test("at K* the directions' variance is the noise's", () => {
    fc.assert(
      fc.property(positive, positive, positive, (gradientNorm, beta, noiseMultiplier) => {
        // rho, B chosen so that K* is a whole number of directions.
        const batch = (12 * noiseMultiplier * beta) / gradientNorm;
        const directions = Math.round(
          usefulDirections({ alignment: gradientNorm / beta, batch, noiseMultiplier }),
        );
        expect(directions).toBe(144);
        const own = directionVariance({ dimension: 1000, gradientNorm, directions });
        const noise = noiseVariance({ dimension: 1000, noiseMultiplier, beta, batch });
        expect(own / noise).toBeCloseTo(1, 9);
      }),
    );
  });

  test("K* and the one-step decrease have their values", () => {
    // mpmath: (0.3 * 64 / 4.0504)^2, and 1/2 (9 / 20) / (1/16 + (20 / 96)^2).
    const k = usefulDirections({ alignment: 0.3, batch: 64, noiseMultiplier: 4.0504 });
    expect(k).toBeCloseTo(22.470183996867593, 10);
    const run = {
      gradientNorm: 3,
      hessianTrace: 20,
      directions: 16,
      beta: 10,
      noiseMultiplier: 2,
      batch: 32,
    };
    expect(oneStepDecrease(run)).toBeCloseTo(2.124590163934426, 12);
  });

  test("the decrease is the best over the learning rate", () => {
    fc.assert(
      fc.property(
        positive,
        positive,
        positive,
        fc.integer({ min: 1, max: 500 }),
        (g, trace, sigma, directions) => {
          const run = {
            gradientNorm: g,
            hessianTrace: trace,
            directions,
            beta: 5,
            noiseMultiplier: sigma,
            batch: 64,
          };
          const second = trace * (g ** 2 / directions + ((5 * sigma) / 64) ** 2);
          const decrease = (rate: number): number => rate * g ** 2 - (rate ** 2 * second) / 2;
          const best = g ** 2 / second;
          expect(oneStepDecrease(run) / decrease(best)).toBeCloseTo(1, 9);
          expect(decrease(best * 1.1)).toBeLessThan(decrease(best));
          expect(decrease(best * 0.9)).toBeLessThan(decrease(best));
        },
      ),
    );
  });

  test("grows with directions and batch, falls with noise", () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: 1, max: 500 }), (sigma, directions) => {
        const run = {
          gradientNorm: 1,
          hessianTrace: 1,
          directions,
          beta: 1,
          noiseMultiplier: sigma,
          batch: 8,
        };
        const here = oneStepDecrease(run);
        expect(oneStepDecrease({ ...run, directions: directions + 1 })).toBeGreaterThan(here);
        expect(oneStepDecrease({ ...run, batch: 9 })).toBeGreaterThan(here);
        expect(oneStepDecrease({ ...run, noiseMultiplier: sigma * 1.1 })).toBeLessThan(here);
      }),
    );
    expect(signalToNoise({ steps: 100, batch: 8, noiseMultiplier: 2 })).toBe(40);
  });
});
