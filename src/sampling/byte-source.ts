import { SamplingError } from "./errors.js";
import type { RandomBytes } from "./random-bytes.js";

/** A source of exactly uniform integers; exact samplers are written against this alone. */
export interface UniformSource {
  /** A uniform integer in [0, bound), for an integer bound in [1, 2^53]. */
  below(bound: number): number;
}

const smallestBuffer = 64;
const twoTo32 = 2 ** 32;
const twoTo53 = 2 ** 53;

/**
 * Turns random bytes into exactly uniform integers by rejection.
 *
 * Guarantees:
 * - Every integer below the bound is equally likely, exactly, if the bytes are uniform.
 * - A byte is used once, and is set to zero in the buffer as it is used; `wipe` zeroes the rest.
 * - A generator that is stuck on one byte value is refused, where it would make constant noise.
 *
 * @throws {SamplingError} codes `invalid-bound`, `stuck-random-source`; and whatever `random` throws.
 * @example
 * const source = new ByteSource(operatingSystemRandom);
 * const die = 1 + source.below(6);
 * source.wipe();
 */
export class ByteSource implements UniformSource {
  readonly #random: RandomBytes;
  readonly #buffer: Uint8Array;
  #next: number;

  /** @param bufferBytes how many bytes to ask for at a time, at least 64. */
  constructor(random: RandomBytes, bufferBytes = 1024) {
    this.#random = random;
    this.#buffer = new Uint8Array(Math.max(smallestBuffer, bufferBytes));
    this.#next = this.#buffer.length;
  }

  /** One uniform byte. */
  byte(): number {
    if (this.#next >= this.#buffer.length) this.#refill();
    const value = this.#buffer[this.#next] ?? 0;
    this.#buffer[this.#next] = 0;
    this.#next += 1;
    return value;
  }

  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > twoTo53) throw badBound(bound);
    const last = bound - 1;
    const highBits = 32 - Math.clz32(Math.floor(last / twoTo32));
    const lowBits = highBits > 0 ? 32 : 32 - Math.clz32(last);
    for (;;) {
      const value = this.#bits(highBits) * twoTo32 + this.#bits(lowBits);
      if (value < bound) return value;
    }
  }

  /** A uniform BigInt in [0, bound), for bounds beyond 2^53. */
  belowBigInt(bound: bigint): bigint {
    if (bound < 1n) throw badBound(bound);
    const bits = bound === 1n ? 0 : (bound - 1n).toString(2).length;
    for (;;) {
      let value = 0n;
      for (let left = bits; left > 0; left -= 32) {
        const take = Math.min(32, left);
        value = (value << BigInt(take)) | BigInt(this.#bits(take));
      }
      if (value < bound) return value;
    }
  }

  /** Zeroes what is left in the buffer; the next draw asks for new bytes. */
  wipe(): void {
    this.#buffer.fill(0);
    this.#next = this.#buffer.length;
  }

  /** `count` uniform bits (0 to 32) as an unsigned integer. */
  #bits(count: number): number {
    let value = 0;
    for (let have = 0; have < count; have += 8) value = value * 256 + this.byte();
    const extra = (8 - (count % 8)) % 8;
    return Math.floor(value / 2 ** extra);
  }

  #refill(): void {
    this.#random(this.#buffer);
    const first = this.#buffer[0];
    // 64 or more equal bytes happen by chance less than once in 2^504 requests.
    if (this.#buffer.every((byte) => byte === first)) {
      throw new SamplingError("stuck-random-source", {
        message: `The random source filled ${this.#buffer.length} bytes with one and the same value.`,
        expected: "unpredictable bytes",
        next: "Do not use this machine's generator until it is repaired.",
      });
    }
    this.#next = 0;
  }
}

function badBound(bound: number | bigint): SamplingError {
  return new SamplingError("invalid-bound", {
    message: `A uniform integer below ${String(bound)} was asked for.`,
    value: bound,
    expected: "an integer bound of at least 1 (and at most 2^53 for plain numbers)",
  });
}
