import * as accounting from "../../src/accounting/index.js";
import type { Query } from "./queries.js";

/** What a call gave and how long it took, everything that the call does included. */
export interface Answer {
  readonly value: number;
  readonly milliseconds: number;
}

type Accounting = Pick<
  typeof accounting,
  "calibrateNoiseMultiplier" | "composed" | "epsilon" | "gaussian" | "poissonSampled" | "repeated"
>;

/** Finer than the default: the upper bound then exceeds the truth about as little as dp_accounting's does. */
export const finePrecision = { relative: 2e-6, absolute: 1e-6 };

export function eventOf(query: Query, api: Accounting = accounting): accounting.Event {
  return api.composed(
    query.phases.map(([rate, noise, steps]) =>
      api.repeated(api.poissonSampled(rate, api.gaussian(noise)), steps),
    ),
  );
}

/** Our side: a fresh event, then the answer. */
export function answer(
  query: Query,
  options: accounting.AccountingOptions = {},
  api: Accounting = accounting,
): Answer {
  const start = performance.now();
  const value =
    query.epsilon === undefined
      ? api.epsilon(eventOf(query, api), query.delta, options).epsilon
      : api.calibrateNoiseMultiplier({
          epsilon: query.epsilon,
          delta: query.delta,
          samplingRate: query.phases[0]![0],
          steps: query.phases[0]![2],
        });
  return { value, milliseconds: performance.now() - start };
}
