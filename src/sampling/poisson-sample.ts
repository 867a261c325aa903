import { SamplingError } from "./errors.js";
import type { RandomBytes } from "./random-bytes.js";
import { checkedSamplingRate, type SamplingRate } from "./sampling-rate.js";

/** 64 KiB: as much as Web Crypto gives in one request. */
const chunkRecords = 16_384;
/** Indices are 32-bit, and an index list of this many already takes 16 GiB. */
const mostRecords = 2 ** 32 - 1;

/**
 * Draws a Poisson sample: each record enters on its own with probability `rate`. **The result is private.**
 *
 * Guarantees:
 * - Each record's inclusion is an exact Bernoulli(numerator / 2^32): one 32-bit draw below the numerator.
 * - Records are independent: each has bits of its own.
 * - The entropy source is called the same number of times, for the same bytes, whatever comes out.
 * - The drawn bytes are set to zero before it returns.
 *
 * @param records how many records there are, an integer in [0, 2^32)
 * @returns the indices of the sampled records, ascending; they must never be logged, stored or shown
 * @throws {SamplingError} codes `invalid-record-count`, `invalid-sampling-rate`; and whatever `random` throws.
 * @example
 * const batch = poissonSample(1024, samplingRate(64, 1024), operatingSystemRandom);
 * @see Abadi et al. 2016, https://arxiv.org/abs/1607.00133, section 3.1, for why batches are sampled this way
 */
export function poissonSample(records: number, rate: SamplingRate, random: RandomBytes): Uint32Array {
  const { numerator } = checkedSamplingRate(rate);
  if (!Number.isInteger(records) || records < 0 || records > mostRecords) {
    throw new SamplingError("invalid-record-count", {
      message: `A sample of ${records} records was asked for.`,
      value: records,
      expected: "an integer from 0 to 2^32 - 1",
    });
  }
  const indices = new Uint32Array(records);
  const draws = new Uint32Array(Math.min(records, chunkRecords));
  let taken = 0;
  for (let start = 0; start < records; start += chunkRecords) {
    const chunk = draws.subarray(0, Math.min(chunkRecords, records - start));
    random(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    for (let i = 0; i < chunk.length; i++) {
      // Written always, kept or overwritten: the same work for a member and for a non-member.
      indices[taken] = start + i;
      taken += Number((chunk[i] ?? 0) < numerator);
    }
  }
  draws.fill(0);
  const sample = indices.slice(0, taken);
  indices.fill(0);
  return sample;
}
