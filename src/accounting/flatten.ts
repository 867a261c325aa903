import { continuousSource, type NoiseFamily } from "./continuous.js";
import { type DiscreteFamily, discreteSource } from "./discrete-noise.js";
import { discreteGaussianFamily, discreteLaplaceFamily } from "./discrete-families.js";
import { AccountingError } from "./errors.js";
import { type Event, unknownEvent } from "./events.js";
import { gaussianNoise } from "./gaussian-noise.js";
import { laplaceNoise } from "./laplace-noise.js";
import { type LatticeAllowance, latticeAllowance } from "./lattice.js";
import { largestLoss, type LossSource } from "./loss.js";
import type { Sampling } from "./group-sampling.js";
import type { Direction } from "./splat.js";

/** One kind of release of a composition: a mechanism, how often records are sampled, how many times it runs. */
export interface Release {
  readonly mechanism: BaseEvent;
  readonly samplingRate: number;
  readonly times: number;
  /** Compared with rounded noise where it could be summed over the integers. */
  readonly rounded?: true;
  /** How many records are added or removed together; 1 unless told. */
  readonly records?: number;
}

/** The events that add noise. */
export type BaseEvent = Extract<
  Event,
  { kind: "gaussian" | "laplace" | "discreteGaussian" | "discreteLaplace" }
>;

/** A whole composition as a list of releases; `nonPrivate` when some part is unprotected. */
export interface Composition {
  readonly releases: readonly Release[];
  readonly nonPrivate: boolean;
}

/**
 * Walks an event and lists what it releases, equal parts merged, Gaussian noise on everybody merged into one release.
 *
 * @throws {AccountingError} `unsupported-event` for sampling of anything but a single release, `unknown-event`.
 */
export function flatten(event: Event): Composition {
  const found = new Map<string, Release>();
  const nonPrivate = collect(event, 1, 1, found);
  return { releases: mergeGaussians([...found.values()]), nonPrivate };
}

function collect(event: Event, samplingRate: number, times: number, found: Map<string, Release>): boolean {
  switch (event.kind) {
    case "noOp":
      return false;
    case "nonPrivate":
      return samplingRate > 0 && times > 0;
    case "gaussian":
    case "laplace":
    case "discreteGaussian":
    case "discreteLaplace": {
      if (samplingRate === 0 || times === 0) return false;
      const key = JSON.stringify([event, samplingRate]);
      const before = found.get(key)?.times ?? 0;
      found.set(key, { mechanism: event, samplingRate, times: before + times });
      return false;
    }
    case "repeated":
      if (samplingRate < 1 && event.times !== 1) throw notSampled(event);
      return collect(event.event, samplingRate, times * event.times, found);
    case "composed": {
      if (samplingRate < 1 && event.events.length > 1) throw notSampled(event);
      const parts = event.events.map((part) => collect(part, samplingRate, times, found));
      return parts.some(Boolean);
    }
    case "poissonSampled":
      return collect(event.event, samplingRate * event.samplingRate, times, found);
    default:
      throw unknownEvent((event as { kind: unknown }).kind, "event");
  }
}

function notSampled(event: Event): AccountingError {
  return new AccountingError("unsupported-event", {
    message: `poissonSampled around ${event.kind}: several releases on one sample have no loss distribution here.`,
    value: event,
    expected: "poissonSampled around a single noise event",
    next: "If every release draws its own sample, put repeated or composed outside poissonSampled.",
  });
}

/** Independent Gaussian releases on everybody are one Gaussian release: precisions add. */
function mergeGaussians(releases: readonly Release[]): Release[] {
  const rest = releases.filter((one) => !isPlainGaussian(one));
  let precision = 0;
  for (const { mechanism, times } of releases.filter(isPlainGaussian)) {
    if (mechanism.kind === "gaussian") precision += times / mechanism.noiseMultiplier ** 2;
  }
  if (precision === 0) return rest;
  const mechanism = { kind: "gaussian", noiseMultiplier: 1 / Math.sqrt(precision) } as const;
  return [...rest, { mechanism, samplingRate: 1, times: 1 }];
}

function isPlainGaussian({ mechanism, samplingRate }: Release): boolean {
  return mechanism.kind === "gaussian" && samplingRate === 1;
}

/** Above this standard deviation a discrete Gaussian is compared with a rounded one instead of summed. */
const largestSummed = 1 << 12;

/** Scale of the noise over the sensitivity: the smaller, the larger the losses. */
export function noiseOverSensitivity(mechanism: BaseEvent): number {
  switch (mechanism.kind) {
    case "gaussian":
      return mechanism.noiseMultiplier;
    case "laplace":
      return mechanism.scale;
    case "discreteGaussian":
      return mechanism.standardDeviation / mechanism.sensitivity;
    case "discreteLaplace":
      return mechanism.scale / mechanism.sensitivity;
  }
}

/** The same noise where the sum moves `factor` times as far. */
export function withSensitivity(mechanism: BaseEvent, factor: number): BaseEvent {
  switch (mechanism.kind) {
    case "gaussian":
      return { ...mechanism, noiseMultiplier: mechanism.noiseMultiplier / factor };
    case "laplace":
      return { ...mechanism, scale: mechanism.scale / factor };
    case "discreteGaussian":
    case "discreteLaplace":
      return { ...mechanism, sensitivity: mechanism.sensitivity * factor };
  }
}

/** A group as one record that is there where any of them is, and moves the sum by all: it loses at least as much. */
export function asOneRecord({ mechanism, samplingRate: q, records = 1, times }: Release): Release {
  if (records === 1) return { mechanism, samplingRate: q, times };
  const samplingRate = q === 1 ? 1 : -Math.expm1(records * Math.log1p(-q)) * (1 + 1e-13);
  return { mechanism: withSensitivity(mechanism, records), samplingRate: Math.min(1, samplingRate), times };
}

/** The loss distribution of one release in one direction. */
export function lossSource(release: Release, direction: Direction): LossSource {
  const { mechanism } = release;
  const sampling = samplingOf(release);
  const continuous = (noise: NoiseFamily): LossSource => continuousSource(noise, sampling, direction);
  const discrete = (noise: DiscreteFamily): LossSource => discreteSource(noise, sampling, direction);
  switch (mechanism.kind) {
    case "gaussian":
      return continuous(gaussianNoise(mechanism.noiseMultiplier));
    case "laplace":
      return continuous(laplaceNoise(mechanism.scale));
    case "discreteLaplace":
      return discrete(discreteLaplaceFamily(mechanism.scale, mechanism.sensitivity, sampling));
    case "discreteGaussian": {
      const { standardDeviation, sensitivity } = mechanism;
      return isRounded(release)
        ? continuous(gaussianNoise(standardDeviation / sensitivity, 1 / sensitivity))
        : discrete(discreteGaussianFamily(standardDeviation, sensitivity, sampling));
    }
  }
}

function samplingOf({ samplingRate, records = 1 }: Release): Sampling {
  return { rate: samplingRate, records };
}

/** Largest loss of one release; rounded noise has no bound because the comparison with discrete noise leaves a tail. */
export function maximumLoss(release: Release, direction: Direction): number {
  const { mechanism } = release;
  const isLaplace = mechanism.kind === "laplace" || mechanism.kind === "discreteLaplace";
  const ratio = isLaplace ? 1 / noiseOverSensitivity(mechanism) : Infinity;
  return largestLoss(samplingOf(release), ratio, direction);
}

function isRounded({ mechanism, rounded }: Release): boolean {
  if (mechanism.kind !== "discreteGaussian") return false;
  return rounded === true || (mechanism.dimensions ?? 1) > 1 || mechanism.standardDeviation > largestSummed;
}

/** The release, compared with rounded noise where it would be summed over the integers and is not too narrow. */
export function asRounded(release: Release): Release {
  const { mechanism } = release;
  const isWide = mechanism.kind === "discreteGaussian" && mechanism.standardDeviation >= 1;
  return isWide && !isRounded(release) ? { ...release, rounded: true } : release;
}

/** What comparing discrete Gaussians with rounded ones costs over the whole composition. */
export function roundingAllowance(releases: readonly Release[], logDelta: number): LatticeAllowance {
  const rounded = releases.filter(isRounded);
  return latticeAllowance(
    rounded.map(({ mechanism, times, records = 1 }) => ({ mechanism: mechanism as never, times, records })),
    logDelta,
  );
}
