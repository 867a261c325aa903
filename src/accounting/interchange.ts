import { type Event, parseEvent, unknownEvent } from "./events.js";

/**
 * An event as google dp_accounting names it: the class, and the fields of its constructor.
 *
 * `tools/accounting/dp_events.py` turns this into a DpEvent and back.
 */
export type DpAccountingEvent = Readonly<Record<string, unknown>> & { readonly class_name: string };

/**
 * The JSON-able form of an event for google dp_accounting.
 *
 * The discrete Gaussian has no event class there; its form is marked `DiscreteGaussianDpEvent` and the Python side
 * builds its privacy loss distribution directly (one dimension only).
 */
export function toDpAccounting(event: Event): DpAccountingEvent {
  switch (event.kind) {
    case "gaussian":
      return { class_name: "GaussianDpEvent", noise_multiplier: event.noiseMultiplier };
    case "laplace":
      return { class_name: "LaplaceDpEvent", noise_multiplier: event.scale };
    case "discreteLaplace":
      // Its parameter is the inverse scale.
      return {
        class_name: "DiscreteLaplaceDpEvent",
        noise_parameter: 1 / event.scale,
        sensitivity: event.sensitivity,
      };
    case "discreteGaussian":
      return {
        class_name: "DiscreteGaussianDpEvent",
        standard_deviation: event.standardDeviation,
        sensitivity: event.sensitivity,
        dimensions: event.dimensions ?? 1,
      };
    case "poissonSampled":
      return {
        class_name: "PoissonSampledDpEvent",
        sampling_probability: event.samplingRate,
        event: toDpAccounting(event.event),
      };
    case "repeated":
      return { class_name: "SelfComposedDpEvent", event: toDpAccounting(event.event), count: event.times };
    case "composed":
      return { class_name: "ComposedDpEvent", events: event.events.map(toDpAccounting) };
    case "noOp":
      return { class_name: "NoOpDpEvent" };
    case "nonPrivate":
      return { class_name: "NonPrivateDpEvent" };
  }
}

/**
 * Reads the JSON-able form of a dp_accounting event.
 *
 * @throws {AccountingError} `unknown-event` or `bad-event`
 */
export function fromDpAccounting(value: unknown): Event {
  return parseEvent(translate(value, 0));
}

/** `parseEvent` refuses whatever is wrong inside, and anything nested deeper than it follows. */
function translate(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > deepest) return value;
  const record = value as Record<string, unknown>;
  switch (record["class_name"]) {
    case "GaussianDpEvent":
      return { kind: "gaussian", noiseMultiplier: record["noise_multiplier"] };
    case "LaplaceDpEvent":
      return { kind: "laplace", scale: record["noise_multiplier"] };
    case "DiscreteLaplaceDpEvent":
      return {
        kind: "discreteLaplace",
        scale: inverse(record["noise_parameter"]),
        sensitivity: record["sensitivity"],
      };
    case "DiscreteGaussianDpEvent": {
      const dimensions = record["dimensions"];
      const core = {
        kind: "discreteGaussian",
        standardDeviation: record["standard_deviation"],
        sensitivity: record["sensitivity"],
      };
      return dimensions === 1 || dimensions === undefined ? core : { ...core, dimensions };
    }
    case "PoissonSampledDpEvent":
      return {
        kind: "poissonSampled",
        samplingRate: record["sampling_probability"],
        event: translate(record["event"], depth + 1),
      };
    case "SelfComposedDpEvent":
      return { kind: "repeated", event: translate(record["event"], depth + 1), times: record["count"] };
    case "ComposedDpEvent": {
      const events = record["events"];
      return {
        kind: "composed",
        events: Array.isArray(events) ? Array.from(events, (event) => translate(event, depth + 1)) : events,
      };
    }
    case "NoOpDpEvent":
      return { kind: "noOp" };
    case "NonPrivateDpEvent":
      return { kind: "nonPrivate" };
    default:
      throw unknownEvent(record["class_name"], "event");
  }
}

/** Deeper than any event that is accepted. */
const deepest = 100;

/** 1 / x of a number; what is none stays what it is, to be refused. */
function inverse(value: unknown): unknown {
  return typeof value === "number" ? 1 / value : value;
}
