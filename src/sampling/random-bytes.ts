import { SamplingError } from "./errors.js";

/** Fills `out` with unpredictable bytes: the only way secret randomness enters the library. */
export type RandomBytes = (out: Uint8Array) => void;

/** Web Crypto refuses longer requests (Web Cryptography API, `getRandomValues`, step 2). */
const largestRequest = 65_536;

/**
 * The operating system's cryptographic generator, in Node and in browsers.
 *
 * Guarantees:
 * - Every byte comes from the operating system; there is no seed and no state here.
 * - Where there is no such generator it refuses, instead of falling back to a weaker one.
 *
 * @throws {SamplingError} code `no-random-source`.
 * @example
 * const bytes = new Uint8Array(32);
 * operatingSystemRandom(bytes);
 */
export const operatingSystemRandom: RandomBytes = (out) => {
  // Not every runtime that can load this module has Web Crypto, whatever the DOM types promise.
  const source = (globalThis as { crypto?: Partial<Crypto> }).crypto;
  if (typeof source?.getRandomValues !== "function") {
    throw new SamplingError("no-random-source", {
      message: "This JavaScript runtime has no cryptographic random generator.",
      expected: "globalThis.crypto.getRandomValues",
      next: "Use Node 20.19 or newer, or a browser page served over HTTPS.",
    });
  }
  for (let start = 0; start < out.length; start += largestRequest) {
    source.getRandomValues(out.subarray(start, start + largestRequest) as Uint8Array<ArrayBuffer>);
  }
};
