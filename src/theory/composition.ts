import { discreteLaplace, epsilon, repeated } from "../accounting/index.js";
import { requireCount, requirePositive, requireProbability } from "./arguments.js";
import { compared, type Comparison } from "./comparison.js";

/** `steps` mechanisms, each of pure epsilon `stepEpsilon`, composed adaptively. */
export interface PureComposition {
  /** e of one step, above 0. */
  readonly stepEpsilon: number;
  /** T. */
  readonly steps: number;
}

/** A {@link PureComposition} asked for its epsilon at a delta. */
export interface ApproximateComposition extends PureComposition {
  readonly delta: number;
}

/**
 * Basic composition: T e, at delta 0.
 *
 * @see Dwork and Roth 2014, The Algorithmic Foundations of Differential Privacy, Theorem 3.14
 * @example
 * basicComposition({ stepEpsilon: 0.1, steps: 100 }); // 10
 */
export function basicComposition({ stepEpsilon, steps }: PureComposition): number {
  requirePositive({ stepEpsilon });
  requireCount({ steps });
  return steps * stepEpsilon;
}

/**
 * Advanced composition in its first form: e sqrt(2 T log(1/delta)) + T e (exp(e) - 1).
 *
 * @see Dwork, Rothblum and Vadhan 2010; Dwork and Roth 2014, Theorem 3.20
 */
export function advancedComposition({ stepEpsilon: e, steps, delta }: ApproximateComposition): number {
  requireProbability({ delta });
  const basic = basicComposition({ stepEpsilon: e, steps });
  return e * Math.sqrt(2 * steps * Math.log(1 / delta)) + basic * Math.expm1(e);
}

/**
 * Advanced composition with the constants of Kairouz, Oh and Viswanath, never above {@link basicComposition}:
 * T e (exp(e) - 1) / (exp(e) + 1) + e sqrt(2 T log(min(1/delta, exp(1) + e sqrt(T) / delta))), or T e if that is less.
 *
 * This is the theorem behind DPZero's noise scale, where it is applied to Gaussian noise (their Theorem 4.3).
 *
 * @see Kairouz, Oh and Viswanath 2015, The Composition Theorem for Differential Privacy, Theorem 3.4, for mechanisms
 *   of delta 0; written here from memory, and checked in the test against the exact optimum
 */
export function kairouzComposition({ stepEpsilon: e, steps, delta }: ApproximateComposition): number {
  requireProbability({ delta });
  const basic = basicComposition({ stepEpsilon: e, steps });
  const drift = basic * Math.tanh(e / 2);
  const width = Math.min(1 / delta, Math.E + (e * Math.sqrt(steps)) / delta);
  return Math.min(basic, drift + e * Math.sqrt(2 * steps * Math.log(width)));
}

/**
 * Advanced composition beside the accountant's epsilon of the worst mechanism there is: randomised response, which
 * every mechanism of pure epsilon e can be made from.
 *
 * @see Kairouz, Oh and Viswanath 2015, Theorem 3.3: no bound that knows e alone can be below it
 */
export function compareComposition(run: ApproximateComposition): Comparison {
  const closedForm = kairouzComposition(run);
  // On the integers with sensitivity 1 the discrete Laplace has two losses only, e and -e.
  const randomisedResponse = discreteLaplace(1 / run.stepEpsilon, 1);
  return compared("epsilon", closedForm, epsilon(repeated(randomisedResponse, run.steps), run.delta).epsilon);
}
