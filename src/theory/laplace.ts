import { epsilon, type Event, laplace, poissonSampled, pureEpsilon, repeated } from "../accounting/index.js";
import { requireCount, requirePositive, requireProbability } from "./arguments.js";
import { compared, type Comparison } from "./comparison.js";
import { advancedComposition, basicComposition, kairouzComposition } from "./composition.js";

/** A run of DP-ZO with Laplace noise on Poisson samples. */
export interface LaplaceRun {
  /** e0 = C / b: clip threshold over the scale of the Laplace noise on the sum. */
  readonly releaseEpsilon: number;
  /** q. */
  readonly samplingRate: number;
  /** T. */
  readonly steps: number;
}

/**
 * The pure epsilon of one step: e' = log(1 + q (exp(e0) - 1)).
 *
 * @see Balle, Barthe and Gaboardi 2018, arXiv 1807.01647, for Poisson samples and add-or-remove-one; methods.md 1.3,
 *   where it is marked as inference for DP-ZO: arXiv 2401.04343 was known by its abstract and notes only
 */
export function amplifiedEpsilon({ releaseEpsilon, samplingRate }: Omit<LaplaceRun, "steps">): number {
  requirePositive({ releaseEpsilon });
  requireProbability({ samplingRate });
  return Math.log1p(samplingRate * Math.expm1(releaseEpsilon));
}

/**
 * The pure epsilon of the run: T e', by basic composition, which is exact for pure privacy.
 *
 * @example
 * laplacePureEpsilon({ releaseEpsilon: 0.1, samplingRate: 1 / 16, steps: 600 }); // 3.93100...
 */
export function laplacePureEpsilon(run: LaplaceRun): number {
  return basicComposition({ stepEpsilon: amplifiedEpsilon(run), steps: checkedSteps(run) });
}

/** The closed form of pure privacy beside the accountant's largest possible loss: the same number. */
export function compareLaplacePure(run: LaplaceRun): Comparison {
  return compared("epsilon", laplacePureEpsilon(run), pureEpsilon(laplaceEvent(run)));
}

/** Three closed forms of the same run's epsilon at a delta above 0, each beside the Laplace loss distribution's. */
export interface LaplaceComparisons {
  readonly basic: Comparison;
  readonly advanced: Comparison;
  readonly kairouz: Comparison;
}

/** What is gained by composing loss distributions instead of numbers, at `delta`. */
export function compareLaplace(run: LaplaceRun, delta: number): LaplaceComparisons {
  const composition = { stepEpsilon: amplifiedEpsilon(run), steps: checkedSteps(run), delta };
  const numeric = epsilon(laplaceEvent(run), delta).epsilon;
  const beside = (closedForm: number): Comparison => compared("epsilon", closedForm, numeric);
  return {
    basic: beside(basicComposition(composition)),
    advanced: beside(advancedComposition(composition)),
    kairouz: beside(kairouzComposition(composition)),
  };
}

function laplaceEvent({ releaseEpsilon, samplingRate, steps }: LaplaceRun): Event {
  return repeated(poissonSampled(samplingRate, laplace(1 / releaseEpsilon)), steps);
}

function checkedSteps({ steps }: LaplaceRun): number {
  requireCount({ steps });
  return steps;
}
