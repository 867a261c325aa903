import { type NoiseFamily } from "./continuous.js";

const logRootTwoPi = 0.5 * Math.log(2 * Math.PI);

/** Gaussian noise of standard deviation `noiseMultiplier`; rounded to multiples of `lattice` when given. */
export function gaussianNoise(noiseMultiplier: number, lattice?: number): NoiseFamily {
  const sigma = noiseMultiplier;
  const precision = 1 / (sigma * sigma);
  const logNorm = -Math.log(sigma) - logRootTwoPi;
  const logDensity = (x: number): number => logNorm - 0.5 * x * x * precision;
  return {
    ratio: (x, j) => precision * (j * (x - j / 2)),
    slope: precision,
    logDensity,
    steepness: (from, to) => Math.max(Math.abs(from), Math.abs(to)) * precision + 1 / sigma,
    range: (mixture, power, k) => {
      // The log weight has slope at most (power m - x) / sigma^2 right of the mode (power >= 0) and at least that left
      // of it (power < 0), because the mixture's log ratio has slope between 0 and m / sigma^2: Gaussian tails.
      const to = Math.max(power * mixture.most, 0) + k * sigma;
      const from = Math.min(power * mixture.most, 0) - k * sigma;
      const tail = (x: number): number => logDensity(x) + power * mixture.log(x) + Math.log(sigma / k);
      return { from, to, logLeft: tail(from), logRight: tail(to) };
    },
    tailPoint: ({ logShares }, direction, logTail) => {
      // A Gaussian exceeds z standard deviations with probability at most exp(-z^2 / 2) / 2.
      const z = (log: number): number => Math.sqrt(Math.max(0, -2 * log));
      if (direction === "add") return -sigma * z(logTail);
      // Each number of shifts gets the same part of the tail.
      const parts = Math.log(2 / logShares.length);
      return logShares.reduce(
        (most, share, j) =>
          share === -Infinity ? most : Math.max(most, j + sigma * z(logTail + parts - (j === 0 ? 0 : share))),
        -Infinity,
      );
    },
    sketchStep: (most) => Math.min(sigma / 4, Math.max((sigma * sigma) / most, sigma / 40)),
    reach: (power) => (9 + Math.sqrt(2 * Math.abs(power) * Math.LN2)) * sigma,
    kinks: false,
    atoms: () => [],
    ...(lattice === undefined ? {} : { lattice }),
  };
}
