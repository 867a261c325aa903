import { type NoiseFamily } from "./continuous.js";

/** Laplace noise of scale `scale`: smooth losses between 0 and 1, two atoms outside. */
export function laplaceNoise(scale: number): NoiseFamily {
  const logNorm = -Math.log(2 * scale);
  return {
    slope: 2 / scale,
    logDensity: (x) => logNorm - Math.abs(x) / scale,
    steepness: () => 1 / scale,
    range: () => ({ from: 0, to: 1, logLeft: -Infinity, logRight: -Infinity }),
    tailPoint: (q, direction) => (direction === "add" ? -Infinity : Infinity),
    sketchStep: Math.max(1 / 4000, Math.min(1 / 64, scale / 8)),
    reach: () => Infinity,
    atoms: [
      { logMass: -Math.LN2, ratio: -1 / scale },
      { logMass: -Math.LN2 - 1 / scale, ratio: 1 / scale },
    ],
  };
}
