import { type NoiseFamily } from "./continuous.js";

/** Laplace noise of scale `scale`: losses between 0 and the largest shift, two atoms outside. `ratio` is for x between those. */
export function laplaceNoise(scale: number): NoiseFamily {
  const logNorm = -Math.log(2 * scale);
  return {
    ratio: (x, j) => (j === 1 && x <= 1 ? (2 / scale) * (x - 0.5) : (x - Math.abs(x - j)) / scale),
    slope: 2 / scale,
    logDensity: (x) => logNorm - Math.abs(x) / scale,
    steepness: () => 1 / scale,
    range: ({ most }) => ({ from: 0, to: most, logLeft: -Infinity, logRight: -Infinity }),
    tailPoint: (_, direction) => (direction === "add" ? -Infinity : Infinity),
    sketchStep: () => Math.max(1 / 4000, Math.min(1 / 64, scale / 8)),
    reach: () => Infinity,
    kinks: true,
    atoms: (mixture) => [
      { logMass: -Math.LN2, mixture: mixture.atRatio(-1 / scale) },
      { logMass: -Math.LN2 - mixture.most / scale, mixture: mixture.atRatio(1 / scale) },
    ],
  };
}
