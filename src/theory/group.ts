import { epsilon as epsilonOf, delta as deltaOf, gaussian } from "../accounting/index.js";
import { requireCount, requirePositive } from "./arguments.js";
import { compared, type Comparison } from "./comparison.js";

/** An (epsilon, delta) guarantee; delta may be 0. */
export interface Guarantee {
  readonly epsilon: number;
  readonly delta: number;
}

/**
 * What a guarantee for one record says about k records: (k e, d (exp(k e) - 1) / (exp(e) - 1)).
 *
 * Going from one data set to the other a record at a time, P <= exp(e) P' + d at each of k steps; the deltas are
 * multiplied by 1, exp(e), exp(2 e), ... on the way, and their sum is the geometric one above. A delta of 1 or more
 * says nothing.
 *
 * @param records k, at least 1.
 * @see Vadhan 2017, The Complexity of Differential Privacy, Lemma 2.2, in the rounder form k exp(k e) d
 * @example
 * groupGuarantee({ epsilon: 1, delta: 1e-6 }, 3); // { epsilon: 3, delta: 1.11073...e-5 }
 */
export function groupGuarantee({ epsilon, delta }: Guarantee, records: number): Guarantee {
  requirePositive({ epsilon });
  if (delta !== 0) requirePositive({ delta });
  requireCount({ records });
  return {
    epsilon: records * epsilon,
    delta: (delta * Math.expm1(records * epsilon)) / Math.expm1(epsilon),
  };
}

/**
 * The group form beside the truth for Gaussian noise on everybody, where k records are k times the sensitivity:
 * both epsilons at the delta the closed form arrives at.
 *
 * @param noiseMultiplier sigma of the release, towards one record.
 * @param epsilon The guarantee for one record is taken at this epsilon; 0.1 to 10 is usual.
 * @throws {AccountingError} `bad-argument` where delta there is below the least number.
 */
export function compareGroup(run: {
  readonly noiseMultiplier: number;
  readonly epsilon: number;
  readonly records: number;
}): Comparison {
  const { noiseMultiplier, epsilon, records } = run;
  requirePositive({ noiseMultiplier });
  const one = { epsilon, delta: deltaOf(gaussian(noiseMultiplier), epsilon).delta };
  requirePositive({ delta: one.delta });
  const group = groupGuarantee(one, records);
  const numeric = group.delta < 1 ? epsilonOf(gaussian(noiseMultiplier / records), group.delta).epsilon : 0;
  return compared("epsilon", group.epsilon, numeric);
}
