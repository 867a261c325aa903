import { DirectionError } from "./errors.js";

/** How a direction's values are distributed; `sphere` is `gaussian` scaled to norm sqrt(d) over all trained weights. */
export type Distribution = "gaussian" | "rademacher" | "sphere";

/**
 * Names one tensor's part of one direction; the values are a pure function of this record and the index.
 *
 * Everything in it is public. Privacy noise never comes from here (see src/mechanism).
 */
export interface DirectionStream {
  /** 32 bytes, public, one for a run. */
  readonly runSeed: Uint8Array;
  /** An integer in [0, 2^32). */
  readonly step: number;
  /** An integer in [0, 2^32). */
  readonly direction: number;
  /** The tensor's name; tensors of one shape have different streams. */
  readonly tensor: string;
  readonly distribution: Distribution;
  /** For `sphere`, sqrt(d) / norm from `directionScale`, and needed; for the others 1 or absent. */
  readonly scale?: number | undefined;
}

/** How many values one 16-word keystream block gives. */
export const valuesPerBlock: Readonly<Record<Distribution, number>> = {
  gaussian: 16,
  rademacher: 512,
  sphere: 16,
};

/** The nonce's third word. `sphere` shares the values of `gaussian`, and only scales them. */
const distributionTag: Readonly<Record<Distribution, number>> = { gaussian: 1, rademacher: 2, sphere: 1 };

const twoTo32 = 2 ** 32;

/** The nonce of a stream: step, direction, distribution tag. */
export function nonceOf(stream: DirectionStream): readonly [number, number, number] {
  return [stream.step, stream.direction, distributionTag[stream.distribution]];
}

/**
 * Refuses a stream that does not name `length` values from `firstIndex` on.
 *
 * @throws {DirectionError} a code for each field, or `counter-exhausted` beyond the 2^32 blocks of a stream.
 */
export function checkStream(stream: DirectionStream, firstIndex: number, length: number): void {
  checkRunSeed(stream.runSeed);
  checkUint32("invalid-step", "step", stream.step);
  checkUint32("invalid-direction", "direction", stream.direction);
  checkTensorName(stream.tensor);
  if (!Object.hasOwn(valuesPerBlock, stream.distribution)) {
    throw new DirectionError("invalid-distribution", {
      message: `There is no distribution "${stream.distribution}".`,
      value: stream.distribution,
      expected: "gaussian, rademacher or sphere",
    });
  }
  checkRange(stream, firstIndex, length);
}

/**
 * The f32 factor of a stream's values.
 *
 * @throws {DirectionError} code `invalid-scale`: `sphere` without its scale would silently be `gaussian`.
 */
export function scaleOf(stream: DirectionStream): number {
  if (stream.distribution !== "sphere") {
    if (stream.scale === undefined || stream.scale === 1) return 1;
    throw badScale(stream, "no scale, or 1");
  }
  const scale = Math.fround(stream.scale ?? 0);
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw badScale(stream, "the positive number that directionScale gives");
}

function badScale(stream: DirectionStream, expected: string): DirectionError {
  return new DirectionError("invalid-scale", {
    message: `A ${stream.distribution} direction was given the scale ${String(stream.scale)}.`,
    value: stream.scale,
    expected,
  });
}

function checkRunSeed(runSeed: Uint8Array): void {
  if (runSeed instanceof Uint8Array && runSeed.length === 32) return;
  throw new DirectionError("invalid-run-seed", {
    message: `The run seed is not 32 bytes but ${String((runSeed as Partial<Uint8Array> | undefined)?.length)}.`,
    expected: "a Uint8Array of 32 bytes",
  });
}

function checkUint32(code: "invalid-step" | "invalid-direction", field: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value < twoTo32) return;
  throw new DirectionError(code, {
    message: `The ${field} of a direction stream is ${value}.`,
    value,
    expected: "an integer from 0 to 2^32 - 1",
  });
}

/** A lone surrogate has no UTF-8; encoders replace it, and two names would share a stream. */
function checkTensorName(name: string): void {
  if (typeof name === "string" && name !== "" && !/\p{Surrogate}/u.test(name)) return;
  throw new DirectionError("invalid-tensor-name", {
    message: `The tensor name ${JSON.stringify(name)} cannot key a direction stream.`,
    value: name,
    expected: "a non-empty string of well-formed Unicode",
  });
}

function checkRange(stream: DirectionStream, firstIndex: number, length: number): void {
  for (const value of [firstIndex, length]) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new DirectionError("invalid-index", {
      message: `The values of tensor ${stream.tensor} were asked for from index ${firstIndex}, ${length} of them.`,
      value,
      expected: "non-negative integers",
    });
  }
  const limit = valuesPerBlock[stream.distribution] * twoTo32;
  if (firstIndex + length <= limit) return;
  throw new DirectionError("counter-exhausted", {
    message: `Tensor ${stream.tensor} has values past index ${limit}, where the ${stream.distribution} stream ends.`,
    value: firstIndex + length,
    expected: `at most ${limit} values a tensor`,
    next: "Split the tensor.",
  });
}
