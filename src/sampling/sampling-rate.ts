import { SamplingError } from "./errors.js";

/** 2^32: rates are multiples of its inverse, so that a Bernoulli draw is one comparison of integers. */
export const samplingRateGrid = 2 ** 32;

/** The probability `numerator / 2^32` with which each record enters a batch (q). */
export interface SamplingRate {
  /** Integer in [1, 2^32]; 2^32 means that every record enters every batch. */
  readonly numerator: number;
}

/**
 * The rate at which a batch holds `expectedBatch` of `publicSize` records in the mean.
 *
 * Guarantees:
 * - The rate is the exact quotient rounded down to the grid, so never above what was asked for.
 *
 * @param expectedBatch mean number of records a batch (B), in (0, publicSize]
 * @param publicSize the public number of records (n), an integer of at least 1
 * @throws {SamplingError} codes `invalid-sampling-rate`, `invalid-record-count`.
 * @example
 * samplingRate(64, 1024); // { numerator: 268435456 }; 1/16
 */
export function samplingRate(expectedBatch: number, publicSize: number): SamplingRate {
  if (!Number.isSafeInteger(publicSize) || publicSize < 1) {
    throw new SamplingError("invalid-record-count", {
      message: `The public number of records is ${publicSize}.`,
      value: publicSize,
      expected: "an integer of at least 1",
    });
  }
  if (!(expectedBatch > 0 && expectedBatch <= publicSize)) {
    throw new SamplingError("invalid-sampling-rate", {
      message: `The expected batch of ${expectedBatch} records does not fit ${publicSize} records.`,
      value: expectedBatch,
      expected: `a number above 0 and at most ${publicSize}`,
    });
  }
  // Scaling by a power of two is exact, and floor(floor(x) / n) = floor(x / n): no rounding anywhere.
  const scaled = BigInt(Math.floor(expectedBatch * samplingRateGrid));
  return checkedSamplingRate({ numerator: Number(scaled / BigInt(publicSize)) });
}

/** The rate itself, frozen, if it lies on the grid; for rates that were read from a file. */
export function checkedSamplingRate(rate: SamplingRate): SamplingRate {
  const { numerator } = rate;
  if (!Number.isInteger(numerator) || numerator < 1 || numerator > samplingRateGrid) {
    throw new SamplingError("invalid-sampling-rate", {
      message: `The sampling rate ${numerator} / 2^32 is not one.`,
      value: numerator,
      expected: "an integer numerator from 1 to 2^32",
      next: "A rate below 2^-32 is too small for this sampler: raise the expected batch.",
    });
  }
  return Object.freeze({ numerator });
}
