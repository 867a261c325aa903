import { noiseDeviation, type Plan } from "../plan/index.js";
import { chiSquareQuantile } from "./chi-square.js";

/** What a report says about released values, if there were noise and nothing else. */
export interface NoiseModel {
  /** What it is called. */
  readonly name: string;
  /** Standard deviation of one value, in lattice units. */
  readonly standardDeviation: number;
  /** Half the width of the central 95 % of one value, in standard deviations. */
  readonly reach: number;
  /** Variance of the square of a value in standard deviations: 2 for a Gaussian, 5 for a Laplace. */
  readonly squareVariance: number;
  /** Density of a value in standard deviations. */
  readonly density: (z: number) => number;
}

/** The noise of a mechanism, as its continuous idealisation: pictures cannot tell the two apart. */
export function noiseModel(mechanism: Plan["mechanism"]): NoiseModel {
  const standardDeviation = noiseDeviation(mechanism);
  switch (mechanism.kind) {
    case "discrete-gaussian":
      return {
        name: "discrete Gaussian",
        standardDeviation,
        reach: Math.sqrt(chiSquareQuantile(1, 0.95)),
        squareVariance: 2,
        density: (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI),
      };
    case "discrete-laplace":
      return {
        name: "discrete Laplace",
        standardDeviation,
        reach: Math.log(20) / Math.SQRT2,
        squareVariance: 5,
        density: (z) => Math.exp(-Math.SQRT2 * Math.abs(z)) / Math.SQRT2,
      };
  }
}
