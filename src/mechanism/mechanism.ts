import { ByteSource, type RandomBytes, type UniformSource } from "../sampling/index.js";
import { drawDiscreteGaussian, drawDiscreteLaplace } from "./discrete-gaussian.js";
import { MechanismError } from "./errors.js";
import { saturatedSum, sumOnLattice } from "./sum.js";
import { checkedMechanismSpec, type LaplaceMechanismSpec, type MechanismSpec } from "./spec.js";

/** Known to this file alone, so nothing outside it can pass the constructor's check. */
const madeHere = Symbol("made by a mechanism");

/** Assigned by the class's static block, the one place that may call the private constructor. */
let makeRelease: (values: readonly number[]) => Release;

/**
 * K noised integers, in lattice units, and one more where examples are counted: the only thing that crosses from the
 * private to the public side.
 *
 * Guarantees:
 * - A `Release` cannot be made outside this file: not by type, and not at run time.
 * - Its values cannot be changed, and hold neither -0 nor anything beyond a safe integer.
 *
 * A difference in real units is `value * latticeUnit(spec)`.
 */
export class Release {
  readonly #values: readonly number[];

  private constructor(key: symbol, values: readonly number[]) {
    if (key !== madeHere) {
      throw new MechanismError("forged-release", {
        message: "A Release was constructed outside the mechanism.",
        expected: "a Release returned by a mechanism's release()",
      });
    }
    this.#values = Object.freeze([...values]);
    Object.freeze(this);
  }

  /** K safe integers, frozen, in lattice units; then the count, where there is one. */
  get values(): readonly number[] {
    return this.#values;
  }

  /** Whether something really is a Release; an object with the same prototype or fields is not. */
  static isRelease(candidate: unknown): candidate is Release {
    return typeof candidate === "object" && candidate !== null && #values in candidate;
  }

  static {
    makeRelease = (values) => new Release(madeHere, values);
  }
}

/** A mechanism that gives differential privacy; `private` tells it from the non-private one. */
export interface Mechanism {
  readonly private: true;
  readonly spec: MechanismSpec | LaplaceMechanismSpec;
  /** Clips, sums and noises one batch; see `createMechanism`. */
  release(differences: Iterable<Float64Array>): Release;
}

/**
 * The door between the private and the public side: clip, lattice, exact sum, exact discrete Gaussian or Laplace.
 *
 * Guarantees:
 * - Adding or removing one example moves the sum by an integer vector of L2 norm at most N.
 * - One release draws noise for exactly K coordinates (K + 1 where examples are counted), whatever the batch held, also
 *   when it was empty.
 * - Noise is drawn after the whole batch was read; if reading it throws, nothing is drawn.
 * - The noise is a function of the random bytes alone: for the same bytes, two batches' releases differ by
 *   exactly the difference of their sums.
 * - A value beyond a safe integer is set to the nearest one after the noise was added (post-processing).
 * - An error of the batch goes through as it is; the mechanism's own errors hold nothing private.
 * - The sum and the random bytes are set to zero before it returns or throws.
 *
 * How long a release takes depends on the noise (as in every rejection sampler) and on the batch size; the
 * noise is independent of the data, and the batch size must be hidden by whoever publishes times.
 *
 * @param spec every number of it is public; a plan checks its public size against `maximumRecords(spec)`
 * @param random secret bytes; never the direction seeds
 * @throws {MechanismError} from here the codes of `checkedMechanismSpec`; from `release` the codes
 *   `difference-length` and `too-many-records`.
 * @example
 * const mechanism = createMechanism(
 *   { directions: 2, clipThreshold: 1, latticeSensitivity: 2 ** 20, standardDeviation: 2 ** 21 },
 *   operatingSystemRandom,
 * );
 * const { values } = mechanism.release([Float64Array.of(0.3, -0.1), Float64Array.of(NaN, 2)]);
 * @see Canonne, Kamath, Steinke 2020, https://arxiv.org/abs/2004.00010, for the noise; docs/pitfalls.md
 */
export function createMechanism(spec: MechanismSpec | LaplaceMechanismSpec, random: RandomBytes): Mechanism {
  const checked = checkedMechanismSpec(spec);
  return Object.freeze({
    private: true as const,
    spec: checked,
    release(differences: Iterable<Float64Array>): Release {
      const sums = sumOnLattice(differences, checked);
      const source = new ByteSource(random);
      try {
        const noised = (sum: number): number => saturatedSum(sum, drawNoise(checked, source));
        return makeRelease(Array.from(sums, noised));
      } finally {
        sums.fill(0);
        source.wipe();
      }
    },
  });
}

function drawNoise(spec: MechanismSpec | LaplaceMechanismSpec, source: UniformSource): bigint {
  return "scale" in spec
    ? drawDiscreteLaplace(spec.scale, source)
    : drawDiscreteGaussian(spec.standardDeviation, source);
}
