import { checkDelta, epsilon as epsilonOf, epsilonOfReleases, type EpsilonResult } from "./accountant.js";
import { AccountingError, badArgument } from "./errors.js";
import { type Event, parseEvent } from "./events.js";
import { asOneRecord, flatten, type Release, withSensitivity } from "./flatten.js";
import { mostTogether } from "./mixture.js";

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
 * Epsilon at `delta` where one data set is the other and up to `records` records more.
 *
 * Without sampling the sensitivity grows `records` times. With it each of the group's records is in a step's sample on
 * its own, so that the sum moves by a binomial number of sensitivities: that mixture, against the noise alone, has the
 * worst loss (docs/accounting.md, Groups), and it is composed like that of one record. Groups of more than 4,096 sampled
 * records are taken as all present wherever one is, which costs more.
 *
 * Guarantees:
 * - for one record it is `epsilon`
 * - `epsilon` is an upper bound, `epsilonLower` a lower one for the group
 *
 * @throws {AccountingError} as {@link epsilonOf}
 * @example
 * groupEpsilon(repeated(poissonSampled(1 / 16, gaussian(4)), 1000), 1e-5, 2).epsilon;
 * @see Choquette-Choo et al. 2024, Privacy Amplification for Matrix Mechanisms, on mixtures of Gaussians
 */
export function groupEpsilon(event: Event, delta: number, records: number): EpsilonResult {
  if (!(Number.isSafeInteger(records) && records >= 1)) {
    throw badArgument("records", records, "an integer of at least 1");
  }
  if (records === 1) return epsilonOf(event, delta);
  checkDelta(delta);
  const { releases, nonPrivate } = flatten(parseEvent(event));
  if (nonPrivate) return epsilonOf(event, delta);
  return epsilonOfReleases(
    releases.map((release) => ofGroup(release, records)),
    delta,
  );
}

function ofGroup(release: Release, records: number): Release {
  const group = { ...release, records };
  const isPlain = release.samplingRate === 1 || records > mostTogether;
  return isPlain ? asOneRecord(group) : group;
}

/** The event with every sensitivity multiplied; refuses sampled events. */
function scaleSensitivity(event: Event, factor: number): Event {
  switch (event.kind) {
    case "gaussian":
    case "laplace":
    case "discreteGaussian":
    case "discreteLaplace":
      return withSensitivity(event, factor);
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
