import { DirectionError } from "./errors.js";
import { javascriptKernels } from "./javascript.js";
import { KeyCache } from "./key.js";
import type { DirectionKernels } from "./kernels.js";
import { checkStream, type DirectionStream, nonceOf, scaleOf, valuesPerBlock } from "./stream.js";
import { webAssemblyKernels } from "./webassembly.js";
import { chunkValues } from "./workspace.js";

/** Half of ChaCha8's rounds. */
const doubleRounds = 4;

/**
 * Makes random directions, and moves weights along them, with the same bits on every machine.
 *
 * Guarantees:
 * - Value i of a stream is a function of the stream and i alone: any range can be made by itself.
 * - The two twins ("wasm-simd", "javascript") give the same bits for finite weights.
 * - Nothing is written when an argument is refused.
 */
export interface DirectionEngine {
  readonly name: "wasm-simd" | "javascript";

  /** Fills `out` with the values from `firstIndex` (default 0) on. */
  fill(stream: DirectionStream, out: Float32Array, firstIndex?: number): void;

  /**
   * Writes fround(w + fround(smoothing * z)) to `plus` and fround(w - fround(smoothing * z)) to `minus`.
   *
   * @param smoothing rounded to f32 first. `weights`, `plus` and `minus` have one length.
   * @throws {DirectionError} codes `invalid-number`, `length-mismatch`, and those of the stream.
   */
  perturb(
    weights: Float32Array,
    stream: DirectionStream,
    smoothing: number,
    plus: Float32Array,
    minus: Float32Array,
  ): void;

  /**
   * Moves `weights` in place: w = (w + pull * anchor - learningRate * g) / (1 + pull), g = sum of coefficient * z.
   *
   * Every operation is rounded to f32, the sum taken in the order of `streams`, from 0. With `pull` 0 it is
   * w - learningRate * g, whether there is an anchor or not.
   *
   * @param pull learning rate times the regulariser, at least 0; it and `learningRate` are rounded to f32 first.
   * @throws {DirectionError} codes `invalid-number`, `length-mismatch`, `missing-anchor`, and those of the streams.
   */
  update(
    weights: Float32Array,
    anchor: Float32Array | undefined,
    streams: readonly DirectionStream[],
    coefficients: Float32Array,
    learningRate: number,
    pull: number,
  ): void;

  /**
   * The sum of squares of the stream's first `length` values, before any scale.
   *
   * Squares are exact in f64. Value i is added to sum i mod 4, i ascending; then (s0 + s1) + (s2 + s3).
   */
  squaredNorm(stream: DirectionStream, length: number): number;
}

/**
 * Makes a direction engine: WebAssembly with SIMD where there is any, else plain JavaScript.
 *
 * @example
 * const engine = createDirectionEngine();
 * const z = new Float32Array(1000);
 * engine.fill({ runSeed, step: 1, direction: 0, tensor: "classifier.weight", distribution: "gaussian" }, z);
 */
export function createDirectionEngine(
  options: { readonly prefer?: DirectionEngine["name"] | undefined } = {},
): DirectionEngine {
  const fast = options.prefer === "javascript" ? undefined : webAssemblyKernels();
  return new KernelEngine(fast ?? javascriptKernels());
}

/** A checked stream, ready to be generated. */
interface Source {
  readonly key: Uint32Array;
  readonly nonce: readonly [number, number, number];
  readonly bitPerValue: boolean;
  readonly blockValues: number;
  readonly scale: number;
}

class KernelEngine implements DirectionEngine {
  readonly name: DirectionEngine["name"];
  readonly #kernels: DirectionKernels;
  readonly #keys = new KeyCache();

  constructor(kernels: DirectionKernels) {
    this.name = kernels.name;
    this.#kernels = kernels;
  }

  fill(stream: DirectionStream, out: Float32Array, firstIndex = 0): void {
    checkStream(stream, firstIndex, out.length);
    const source = this.#source(stream, scaleOf(stream));
    const { values } = this.#kernels.workspace;
    // Generation starts at a block; `skip` values of it may lie before the index that was asked for.
    let skip = firstIndex % source.blockValues;
    for (let done = 0; done < out.length;) {
      const count = Math.min(chunkValues - skip, out.length - done);
      this.#generate(source, firstIndex + done - skip, skip + count);
      out.set(values.subarray(skip, skip + count), done);
      done += count;
      skip = 0;
    }
  }

  perturb(
    weights: Float32Array,
    stream: DirectionStream,
    smoothing: number,
    plus: Float32Array,
    minus: Float32Array,
  ): void {
    checkStream(stream, 0, weights.length);
    checkLength("plus", plus.length, weights.length);
    checkLength("minus", minus.length, weights.length);
    const phi = checkedNumber("smoothing", smoothing);
    const source = this.#source(stream, scaleOf(stream));
    const { workspace } = this.#kernels;
    eachChunk(weights.length, (start, count) => {
      this.#generate(source, start, count);
      workspace.weights.set(weights.subarray(start, start + count));
      this.#kernels.perturb(count, phi);
      plus.set(workspace.plus.subarray(0, count), start);
      minus.set(workspace.minus.subarray(0, count), start);
    });
  }

  update(
    weights: Float32Array,
    anchor: Float32Array | undefined,
    streams: readonly DirectionStream[],
    coefficients: Float32Array,
    learningRate: number,
    pull: number,
  ): void {
    checkLength("coefficients", coefficients.length, streams.length);
    coefficients.forEach((coefficient, k) => checkedNumber(`coefficient ${k}`, coefficient));
    const rate = checkedNumber("learning rate", learningRate);
    const towards = checkedPull(pull, anchor, weights.length);
    const sources = streams.map((stream) => {
      checkStream(stream, 0, weights.length);
      return this.#source(stream, scaleOf(stream));
    });
    eachChunk(weights.length, (start, count) => {
      this.#accumulate(sources, coefficients, start, count);
      this.#step(weights, towards === 0 ? undefined : anchor, start, count, rate, towards);
    });
  }

  squaredNorm(stream: DirectionStream, length: number): number {
    checkStream(stream, 0, length);
    const source = this.#source(stream, 1);
    const { squares, values } = this.#kernels.workspace;
    squares.fill(0);
    eachChunk(length, (start, count) => {
      this.#generate(source, start, count);
      const whole = Math.ceil(count / 4) * 4;
      values.fill(0, count, whole);
      this.#kernels.squares(whole);
    });
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = squares;
    return s0 + s1 + (s2 + s3);
  }

  #source(stream: DirectionStream, scale: number): Source {
    return {
      key: this.#keys.get(stream.runSeed, stream.tensor),
      nonce: nonceOf(stream),
      bitPerValue: stream.distribution === "rademacher",
      blockValues: valuesPerBlock[stream.distribution],
      scale,
    };
  }

  /** Leaves `count` values from index `start`, the first of a block, at the head of the workspace's `values`. */
  #generate(source: Source, start: number, count: number): void {
    const { workspace } = this.#kernels;
    workspace.key.set(source.key);
    workspace.nonce.set(source.nonce);
    const blocks = Math.ceil(count / source.blockValues);
    this.#kernels.keystream(start / source.blockValues, blocks, doubleRounds);
    if (source.bitPerValue) this.#kernels.rademacher(Math.ceil(count / 32));
    else this.#kernels.gaussian(blocks);
    if (source.scale !== 1) this.#kernels.scale(count, source.scale);
  }

  #accumulate(sources: readonly Source[], coefficients: Float32Array, start: number, count: number): void {
    this.#kernels.clear(count);
    sources.forEach((source, k) => {
      this.#generate(source, start, count);
      this.#kernels.accumulate(count, coefficients[k] ?? 0);
    });
  }

  #step(
    weights: Float32Array,
    anchor: Float32Array | undefined,
    start: number,
    count: number,
    learningRate: number,
    pull: number,
  ): void {
    const { workspace } = this.#kernels;
    workspace.weights.set(weights.subarray(start, start + count));
    if (anchor === undefined) {
      this.#kernels.step(count, learningRate);
    } else {
      workspace.minus.set(anchor.subarray(start, start + count));
      this.#kernels.pulledStep(count, learningRate, pull);
    }
    weights.set(workspace.weights.subarray(0, count), start);
  }
}

function eachChunk(length: number, visit: (start: number, count: number) => void): void {
  for (let start = 0; start < length; start += chunkValues)
    visit(start, Math.min(chunkValues, length - start));
}

function checkLength(what: string, length: number, expected: number): void {
  if (length === expected) return;
  throw new DirectionError("length-mismatch", {
    message: `The ${what} has ${length} elements.`,
    value: length,
    expected: `${expected} elements`,
  });
}

/** The f32 nearest to `value`; that must be finite, too. */
export function checkedNumber(what: string, value: number): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(rounded)) return rounded;
  throw new DirectionError("invalid-number", {
    message: `The ${what} is ${value}.`,
    value,
    expected: "a number that is finite in single precision",
  });
}

function checkedPull(pull: number, anchor: Float32Array | undefined, length: number): number {
  const rounded = checkedNumber("pull", pull);
  if (rounded < 0) {
    throw new DirectionError("invalid-number", {
      message: `The pull towards the anchor is ${pull}.`,
      value: pull,
      expected: "a number of at least 0",
    });
  }
  if (anchor !== undefined) checkLength("anchor", anchor.length, length);
  if (rounded === 0 || anchor !== undefined) return rounded;
  throw new DirectionError("missing-anchor", {
    message: `The pull is ${pull}, but there is no anchor.`,
    value: pull,
    expected: "an anchor, or a pull of 0",
  });
}
