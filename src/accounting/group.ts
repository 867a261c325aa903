import { delta as deltaOf, epsilon as epsilonOf, type EpsilonResult } from "./accountant.js";
import { AccountingError, badArgument } from "./errors.js";
import { composed, type Event, parseEvent, repeated } from "./events.js";
import { flatten } from "./flatten.js";
import { firstBelow } from "./solve.js";

/** Which data sets count as neighbours. */
export type Neighbouring = "addOrRemoveOne" | "replaceSpecial" | "replaceOne";

/**
 * An event whose neighbours differ in one record by replacement, as an event of the add-or-remove accountant.
 *
 * - `replaceSpecial` (a record becomes one that contributes nothing) has the same loss as add-or-remove.
 * - `replaceOne` doubles the sensitivity; under sampling its loss has another form and is refused.
 *
 * @throws {AccountingError} `unsupported-event` for `replaceOne` of a sampled event.
 */
export function underRelation(event: Event, neighbouring: Neighbouring): Event {
  switch (neighbouring) {
    case "addOrRemoveOne":
    case "replaceSpecial":
      return parseEvent(event);
    case "replaceOne":
      return scaleSensitivity(parseEvent(event), 2);
    default:
      throw badArgument("neighbouring", neighbouring, "addOrRemoveOne, replaceSpecial or replaceOne");
  }
}

/**
 * Epsilon at `delta` for data sets that differ in up to `records` records, added or removed together.
 *
 * Without sampling the sensitivity grows `records` times, exactly. With sampling the general bound is used: a
 * mechanism with (e, d) has (k e, d (e^(k e) - 1) / (e^e - 1)) for k records.
 *
 * Guarantees:
 * - for one record it is `epsilon`
 * - `epsilon` is an upper bound; `epsilonLower` is that of one record
 */
export function groupEpsilon(event: Event, delta: number, records: number): EpsilonResult {
  if (!(Number.isSafeInteger(records) && records >= 1)) {
    throw badArgument("records", records, "an integer of at least 1");
  }
  const one = epsilonOf(event, delta);
  if (records === 1 || one.epsilon === Infinity) return one;
  const { releases } = flatten(event);
  if (releases.length === 0) return one;
  if (releases.every((release) => release.samplingRate === 1)) {
    const parts = releases.map(({ mechanism, times }) =>
      repeated(scaleSensitivity(mechanism, records), times),
    );
    return epsilonOf(composed(parts), delta);
  }
  const logGrowth = (e: number): number =>
    e < 1e-12 ? Math.log(records) : e * (records - 1) + Math.log(Math.expm1(-records * e) / Math.expm1(-e));
  const each =
    delta === 0
      ? one.epsilon
      : firstBelow((e) => deltaOf(event, e).logDelta + logGrowth(e), Math.log(delta), one.epsilon, 1e-6);
  const group = { upper: each * records, lower: one.epsilonLower };
  return { ...one, epsilon: group.upper, remove: group, add: group };
}

/** The event with every sensitivity multiplied; refuses sampled events. */
function scaleSensitivity(event: Event, factor: number): Event {
  switch (event.kind) {
    case "gaussian":
      return { ...event, noiseMultiplier: event.noiseMultiplier / factor };
    case "laplace":
      return { ...event, scale: event.scale / factor };
    case "discreteGaussian":
    case "discreteLaplace":
      return { ...event, sensitivity: event.sensitivity * factor };
    case "repeated":
      return { ...event, event: scaleSensitivity(event.event, factor) };
    case "composed":
      return { ...event, events: event.events.map((part) => scaleSensitivity(part, factor)) };
    case "noOp":
    case "nonPrivate":
      return event;
    case "poissonSampled":
      if (event.samplingRate === 1) return scaleSensitivity(event.event, factor);
      throw new AccountingError("unsupported-event", {
        message: "Replacing a record of a Poisson-sampled data set has no loss distribution here.",
        value: event,
        next: "Account for add-or-remove-one, or for a group of two records.",
      });
  }
}
