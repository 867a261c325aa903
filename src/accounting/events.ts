import { AccountingError, shown } from "./errors.js";

/**
 * What was released, as frozen plain data in the vocabulary of google dp_accounting.
 *
 * An event knows no mathematics; accountants consume it. Every `noiseMultiplier` and `scale` is relative to the
 * sensitivity of the query; the two discrete mechanisms are in lattice units and say their sensitivity.
 */
export type Event =
  | GaussianEvent
  | LaplaceEvent
  | DiscreteGaussianEvent
  | DiscreteLaplaceEvent
  | PoissonSampledEvent
  | RepeatedEvent
  | ComposedEvent
  | NoOpEvent
  | NonPrivateEvent;

/** Gaussian noise with standard deviation `noiseMultiplier` times the L2 sensitivity. */
export interface GaussianEvent {
  readonly kind: "gaussian";
  readonly noiseMultiplier: number;
}

/** Laplace noise whose scale is `scale` times the L1 sensitivity. */
export interface LaplaceEvent {
  readonly kind: "laplace";
  readonly scale: number;
}

/**
 * Discrete Gaussian noise on the integers, independent per coordinate, probability proportional to
 * exp(-y^2 / (2 standardDeviation^2)); `sensitivity` is the integer L2 sensitivity of the whole vector of
 * `dimensions` integer coordinates (1 when absent).
 */
export interface DiscreteGaussianEvent {
  readonly kind: "discreteGaussian";
  readonly standardDeviation: number;
  readonly sensitivity: number;
  readonly dimensions?: number;
}

/** Discrete Laplace noise, probability proportional to exp(-|y| / scale), for an integer `sensitivity`. */
export interface DiscreteLaplaceEvent {
  readonly kind: "discreteLaplace";
  readonly scale: number;
  readonly sensitivity: number;
}

/** `event` on a sample in which every record is independently present with probability `samplingRate`. */
export interface PoissonSampledEvent {
  readonly kind: "poissonSampled";
  readonly samplingRate: number;
  readonly event: Event;
}

/** `event`, `times` times, each with fresh randomness; later ones may depend on earlier outputs. */
export interface RepeatedEvent {
  readonly kind: "repeated";
  readonly event: Event;
  readonly times: number;
}

/** All of `events`, each with fresh randomness; later ones may depend on earlier outputs. */
export interface ComposedEvent {
  readonly kind: "composed";
  readonly events: readonly Event[];
}

/** Nothing that depends on private data. */
export interface NoOpEvent {
  readonly kind: "noOp";
}

/** A release without any protection: epsilon is infinite. */
export interface NonPrivateEvent {
  readonly kind: "nonPrivate";
}

/** Most nested levels `parseEvent` follows; a real run needs four. */
const maximumDepth = 64;
/** Most parts of one composition; a ledger with one event a step still fits. */
const maximumParts = 1_000_000;
/** Most events in all: one event may stand in many places, and sixty levels of two are more than anybody can walk. */
const maximumEvents = 4_000_000;
/** Most compositions in one `repeated`; the accountant's error bounds are stated up to here. */
const maximumTimes = 1e9;

/** Gaussian noise, see {@link GaussianEvent}. @throws {AccountingError} `bad-event` */
export function gaussian(noiseMultiplier: number): GaussianEvent {
  return Object.freeze({
    kind: "gaussian",
    noiseMultiplier: positive(noiseMultiplier, "gaussian.noiseMultiplier"),
  });
}

/** Laplace noise, see {@link LaplaceEvent}. @throws {AccountingError} `bad-event` */
export function laplace(scale: number): LaplaceEvent {
  return Object.freeze({ kind: "laplace", scale: positive(scale, "laplace.scale") });
}

/** Discrete Gaussian noise, see {@link DiscreteGaussianEvent}. @throws {AccountingError} `bad-event` */
export function discreteGaussian(
  standardDeviation: number,
  sensitivity: number,
  dimensions?: number,
): DiscreteGaussianEvent {
  const core = {
    kind: "discreteGaussian",
    standardDeviation: positive(standardDeviation, "discreteGaussian.standardDeviation"),
    sensitivity: count(sensitivity, "discreteGaussian.sensitivity"),
  } as const;
  if (dimensions === undefined) return Object.freeze(core);
  return Object.freeze({ ...core, dimensions: count(dimensions, "discreteGaussian.dimensions") });
}

/** Discrete Laplace noise, see {@link DiscreteLaplaceEvent}. @throws {AccountingError} `bad-event` */
export function discreteLaplace(scale: number, sensitivity: number): DiscreteLaplaceEvent {
  return Object.freeze({
    kind: "discreteLaplace",
    scale: positive(scale, "discreteLaplace.scale"),
    sensitivity: count(sensitivity, "discreteLaplace.sensitivity"),
  });
}

/** Poisson sampling, see {@link PoissonSampledEvent}. @throws {AccountingError} `bad-event` */
export function poissonSampled(samplingRate: number, event: Event): PoissonSampledEvent {
  if (!(isNumber(samplingRate) && samplingRate >= 0 && samplingRate <= 1)) {
    throw badEvent("poissonSampled.samplingRate", samplingRate, "a probability from 0 to 1");
  }
  return Object.freeze({ kind: "poissonSampled", samplingRate, event });
}

/** Self-composition, see {@link RepeatedEvent}. @throws {AccountingError} `bad-event` */
export function repeated(event: Event, times: number): RepeatedEvent {
  if (!(Number.isInteger(times) && times >= 0 && times <= maximumTimes)) {
    throw badEvent("repeated.times", times, "an integer from 0 to 1e9");
  }
  return Object.freeze({ kind: "repeated", event, times });
}

/** Composition, see {@link ComposedEvent}. */
export function composed(events: readonly Event[]): ComposedEvent {
  return Object.freeze({ kind: "composed", events: Object.freeze([...events]) });
}

/** The event that releases nothing private. */
export const noOp: NoOpEvent = Object.freeze({ kind: "noOp" });
/** The event that releases private data unprotected. */
export const nonPrivate: NonPrivateEvent = Object.freeze({ kind: "nonPrivate" });

/**
 * Reads an event from untrusted data (a ledger header, a config) and freezes it.
 *
 * Guarantees:
 * - refuses an unknown kind at any depth
 * - refuses parameters out of range, missing ones and ones of the wrong type
 * - the result is a deep frozen copy; nothing of the argument is kept
 *
 * @throws {AccountingError} `unknown-event` or `bad-event`, naming the place inside the event.
 * @example
 * parseEvent(JSON.parse('{"kind":"repeated","times":10,"event":{"kind":"gaussian","noiseMultiplier":2}}'));
 */
export function parseEvent(value: unknown): Event {
  return parse(value, "event", 0, { left: maximumEvents });
}

function parse(value: unknown, place: string, depth: number, events: { left: number }): Event {
  events.left -= 1;
  if (events.left < 0) throw badEvent("The event", `of over ${maximumEvents} parts`, "fewer parts");
  if (depth > maximumDepth) throw badEvent(place, depth, `at most ${maximumDepth} nested events`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badEvent(place, value, "an object with a kind");
  }
  const record = value as Record<string, unknown>;
  const number = (name: string): number => asNumber(record[name], `${place}.${name}`);
  const inner = (): Event => parse(record["event"], `${place}.event`, depth + 1, events);
  switch (record["kind"]) {
    case "gaussian":
      return gaussian(number("noiseMultiplier"));
    case "laplace":
      return laplace(number("scale"));
    case "discreteGaussian":
      return discreteGaussian(
        number("standardDeviation"),
        number("sensitivity"),
        record["dimensions"] === undefined ? undefined : number("dimensions"),
      );
    case "discreteLaplace":
      return discreteLaplace(number("scale"), number("sensitivity"));
    case "poissonSampled":
      return poissonSampled(number("samplingRate"), inner());
    case "repeated":
      return repeated(inner(), number("times"));
    case "composed":
      return composed(parseParts(record["events"], `${place}.events`, depth, events));
    case "noOp":
      return noOp;
    case "nonPrivate":
      return nonPrivate;
    default:
      throw unknownEvent(record["kind"], place);
  }
}

/** The refusal of a release nobody knows the cost of. */
export function unknownEvent(kind: unknown, place: string): AccountingError {
  return new AccountingError("unknown-event", {
    message: `Unsupported event: ${typeof kind === "string" ? kind.slice(0, 60) : shown(kind)} at ${place}.`,
    value: kind,
    next: "An accountant never guesses what an unknown release costs.",
  });
}

function parseParts(value: unknown, place: string, depth: number, events: { left: number }): Event[] {
  if (!Array.isArray(value)) throw badEvent(place, value, "an array of events");
  if (value.length > maximumParts) throw badEvent(place, value.length, `at most ${maximumParts} events`);
  // Holes are visited too.
  return Array.from(value, (part: unknown, index) => parse(part, `${place}[${index}]`, depth + 1, events));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function asNumber(value: unknown, place: string): number {
  if (!isNumber(value)) throw badEvent(place, value, "a finite number");
  return value;
}

function positive(value: number, place: string): number {
  if (!(isNumber(value) && value > 0)) throw badEvent(place, value, "a finite number above 0");
  return value;
}

function count(value: number, place: string): number {
  if (!(Number.isSafeInteger(value) && value >= 1)) throw badEvent(place, value, "an integer of at least 1");
  return value;
}

function badEvent(place: string, value: unknown, expected: string): AccountingError {
  const found = value === undefined ? "missing" : shown(value);
  return new AccountingError("bad-event", { message: `${place} is ${found}.`, value, expected });
}
