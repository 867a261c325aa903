import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  aggZoClip,
  aggZoClippingError,
  compareDirections,
  compareKIndependence,
  effectiveNoiseMultiplier,
  jointSensitivity,
} from "./index.js";

const count = fc.integer({ min: 1, max: 4096 });
const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

describe("K directions", () => {
  test("the vector clip's sensitivity does not depend on K; the scalar clip's square grows with K", () => {
    fc.assert(
      fc.property(positive, count, (clip, directions) => {
        expect(jointSensitivity("vector", clip, directions)).toBe(clip);
        expect(jointSensitivity("scalar", clip, directions) ** 2 / clip ** 2 / directions).toBeCloseTo(1, 9);
      }),
    );
  });

  test("a vector of K entries clipped each has at most the joint sensitivity, and can have it", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1 }), (values) => {
        const clipped = values.map((value) => Math.max(-1, Math.min(1, value)));
        const bound = jointSensitivity("scalar", 1, values.length);
        expect(Math.hypot(...clipped)).toBeLessThanOrEqual(bound * (1 + 1e-12));
        expect(Math.hypot(...values.map(() => 1))).toBeCloseTo(bound, 9);
      }),
    );
  });

  test("the survey's figures: 13.6 where the wrong count says 9.8", () => {
    const found = compareDirections({
      samplingRate: 1 / 16,
      steps: 1000,
      noiseMultiplier: 4.105,
      directions: 16,
      delta: 1e-5,
    });
    expect(found.scalar).toBeGreaterThan(13.5);
    expect(found.scalar).toBeLessThan(13.65);
    expect(found.wrongCount).toBeGreaterThan(9.7);
    expect(found.wrongCount).toBeLessThan(9.85);
    expect(found.vector).toBeLessThan(2);
  });

  test("the accountant's epsilon of the vector clip is the same for every K, that of the scalar clip grows", () => {
    const run = { samplingRate: 0.1, steps: 50, noiseMultiplier: 3, delta: 1e-5 };
    const found = [1, 4, 64].map((directions) => compareDirections({ ...run, directions }));
    expect(new Set(found.map(({ vector }) => vector)).size).toBe(1);
    expect(found[0]!.scalar).toBe(found[0]!.vector);
    expect(found[1]!.scalar).toBeGreaterThan(found[0]!.scalar);
    expect(found[2]!.scalar).toBeGreaterThan(found[1]!.scalar);
    expect(found[1]!.wrongCount).toBeLessThan(found[1]!.scalar);
  });

  test("on a lattice K costs something, and on dpzo's less than a millionth", () => {
    const run = { samplingRate: 0.1, steps: 100, noiseMultiplier: 3, delta: 1e-5 };
    const at = (directions: number, latticeSensitivity: number): number =>
      compareKIndependence({ ...run, directions, latticeSensitivity }).ratio;
    expect(at(4096, 2 ** 20)).toBeLessThanOrEqual(1 + 1e-6);
    expect(at(4096, 2 ** 20)).toBeGreaterThan(1 - 1e-6);
    expect(at(64, 100)).toBeLessThan(0.999);
    expect(at(256, 100)).toBeLessThan(at(64, 100));
  });

  test("under AggZO's rule the update's noise is the same for every K, and that of a scalar clip of beta is too", () => {
    fc.assert(
      fc.property(positive, positive, count, (beta, sigma, directions) => {
        // The update is sum_k r_k z_k with v = D / K: per coordinate of z the K noises add in squares.
        const vector = sigma * jointSensitivity("vector", aggZoClip(beta, directions), directions);
        expect((vector ** 2 * directions) / (sigma * beta) ** 2).toBeCloseTo(1, 9);
        // D / K clipped to beta / K each, with noise for the joint sensitivity.
        const scalar = sigma * jointSensitivity("scalar", beta / directions, directions);
        expect(scalar / vector).toBeCloseTo(1, 9);
      }),
    );
  });

  test("noise of one clip threshold is worth 1 / sqrt(K) under a scalar clip", () => {
    expect(effectiveNoiseMultiplier("vector", 4, 16)).toBe(4);
    expect(effectiveNoiseMultiplier("scalar", 4, 16)).toBe(1);
  });

  test("the clipping error has its value and falls to sigma_x / beta", () => {
    // mpmath: 80 / 100 + 2 (log(64) / 64)^(1/4).
    const at = (directions: number): number =>
      aggZoClippingError({ differenceDeviation: 80, beta: 100, directions, constant: 2 });
    expect(at(64)).toBeCloseTo(1.809785615944696, 12);
    expect(at(1)).toBe(0.8);
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1e6 }), (directions) => {
        expect(at(directions + 1)).toBeLessThan(at(directions));
        expect(at(directions)).toBeGreaterThan(0.8);
      }),
    );
  });
});
