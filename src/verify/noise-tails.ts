import type { Plan } from "../plan/index.js";

/**
 * What is known of one released value's noise Y before it is drawn, in closed form: bounds that hold whatever number is
 * added to Y, and so whatever the records are. All are logarithms of probabilities or of moments.
 */
export interface NoiseTails {
  /** The power of |Y| that {@link logMoments} speaks of: 2 for Gaussian noise, 1 for Laplace noise. */
  readonly power: 1 | 2;
  /** log P(Y = 0): no value of Y is likelier. */
  readonly logPeak: number;
  /** Pairs of l > 0 and log E exp(-l |Y|^power), for Chernoff's bound. */
  readonly logMoments: readonly (readonly [rate: number, logMoment: number])[];
  /** log P(g divides Y): no other residue is likelier. */
  logDivisible(g: number): number;
  /** A z with P(|Y| > z) at most exp(logProbability). */
  reach(logProbability: number): number;
}

/** The tails of a plan's noise. */
export function noiseTails(mechanism: Plan["mechanism"]): NoiseTails {
  return mechanism.kind === "discrete-gaussian"
    ? gaussianTails(mechanism.standardDeviation)
    : laplaceTails(mechanism.scale);
}

/** How much narrower the tilted noises are at which Chernoff's bound is tried: from a hundredth to nothing left. */
const widths = Array.from({ length: 480 }, (_, i) => 2 ** (-(i + 1) / 32));

function gaussianTails(s: number): NoiseTails {
  const logTotal = Math.log(normaliser(s));
  return {
    power: 2,
    logPeak: -logTotal,
    // exp(-l y^2) times the noise's own weight is that of narrower noise: its moment is a quotient of normalisers.
    logMoments: [...widths.map((width) => width * s), 0.05].map((narrow) => [
      (1 / (narrow * narrow) - 1 / (s * s)) / 2,
      Math.log(normaliser(narrow)) - logTotal,
    ]),
    logDivisible: (g) => Math.log(normaliser(s / g)) - logTotal,
    reach: (logProbability) => s * Math.sqrt(2 * (Math.LN2 - logProbability)),
  };
}

/** Sum over the integers of exp(-y^2 / (2 s^2)); by Poisson's formula where s is large. */
function normaliser(s: number): number {
  if (s > 3) return Math.sqrt(2 * Math.PI) * s;
  let sum = 1;
  for (let y = 1; y < 40 * s + 2; y += 1) sum += 2 * Math.exp((-0.5 * y * y) / (s * s));
  return sum;
}

function laplaceTails(t: number): NoiseTails {
  // Sum over the integers of exp(-|y| r), as a logarithm.
  const logSum = (r: number): number => Math.log1p(Math.exp(-r)) - Math.log(-Math.expm1(-r));
  const logTotal = logSum(1 / t);
  return {
    power: 1,
    logPeak: -logTotal,
    logMoments: [...widths.map((width) => width * t), 0.01].map((narrow) => [
      1 / narrow - 1 / t,
      logSum(1 / narrow) - logTotal,
    ]),
    logDivisible: (g) => logSum(g / t) - logTotal,
    reach: (logProbability) => t * (Math.LN2 - logProbability),
  };
}
