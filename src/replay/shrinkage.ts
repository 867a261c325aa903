import { isPrivate, noiseDeviation, type Plan, type RunPlan } from "../plan/index.js";

/** What a shrinkage rule carries from step to step of one stage; public, made anew by replay. */
export interface ShrinkageState {
  /** Average of the signal's estimated power, in units of the noise's variance. */
  energy: number;
  /** Releases seen in this stage. */
  seen: number;
  /** The signal's share of the power at the end of the warm-up. */
  reference: number;
}

/** The state at the start of a stage. */
export function freshShrinkage(): ShrinkageState {
  return { energy: 0, seen: 0, reference: 0 };
}

/**
 * The factor, from 0 to 1, that a step's released values are multiplied by before they move the weights.
 *
 * Guarantees:
 * - Post-processing: a function of the plan and the values released so far, so it costs no privacy.
 * - Bit-exact on every platform: additions, multiplications and divisions in float64, in the order of the values.
 * - Without a rule it is 1, and nothing is multiplied.
 *
 * `james-stein` is the positive-part rule max(0, 1 - (K - 2) s^2 / |r|^2) with s^2 the noise's variance: it has no
 * parameter and no memory. `sage` follows SAGE as far as its abstract tells: with m = |r|^2 / K the energy e is an
 * average of max(m - s^2, 0), rho = e / (e + s^2), and the factor is rho over its value at the end of the warm-up,
 * kept between `least` and 1; before that it is 1. Both are taken in units of s.
 *
 * @see James and Stein 1961; Baranchik 1964; Balle and Wang 2018, arXiv 1805.06530, section 4, for noise of known
 *   variance; SAGE, arXiv 2608.03277; methods.md 1.9
 */
export function shrinkageFactor(state: ShrinkageState, plan: RunPlan, values: readonly number[]): number {
  if (!isPrivate(plan) || plan.shrinkage === undefined) return 1;
  const deviation = noiseDeviation(plan.mechanism);
  let power = 0;
  for (const value of values) power += (value / deviation) * (value / deviation);
  switch (plan.shrinkage.rule) {
    case "james-stein":
      return power > 0 ? Math.min(1, Math.max(0, 1 - (values.length - 2) / power)) : 0;
    case "sage":
      return sageFactor(state, plan.shrinkage, power / values.length);
  }
}

type Sage = Extract<NonNullable<Plan["shrinkage"]>, { rule: "sage" }>;

function sageFactor(state: ShrinkageState, { decay, warmup, least }: Sage, power: number): number {
  const signal = Math.max(power - 1, 0);
  // The first value starts the average: there is nothing to average it with.
  state.energy = state.seen === 0 ? signal : decay * state.energy + (1 - decay) * signal;
  state.seen += 1;
  const share = state.energy / (state.energy + 1);
  if (state.seen <= warmup) {
    state.reference = share;
    return 1;
  }
  return state.reference > 0 ? Math.min(1, Math.max(least, share / state.reference)) : 1;
}
