import { decodeBfloat16, decodeFloat16 } from "../checkpoint/index.js";

/** A tensor as it is stored in 16 bits. */
export interface HalfTensor {
  readonly dtype: "F16" | "BF16";
  readonly bits: Uint16Array;
}

/** A tensor as a {@link WeightStore} has it. */
export type StoredTensor = HalfTensor | { readonly dtype: "F32"; readonly data: Float32Array };

/** Whether other threads can read an array's memory. */
export function isShared({ buffer }: Float32Array | Uint16Array): boolean {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}

function copyToShared<T extends Float32Array | Uint16Array>(
  values: T,
  View: new (buffer: SharedArrayBuffer) => T,
): T {
  const shared = new View(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

/**
 * Canonical weights by tensor name: float32 for what is written to, the file's own 16 bits for the rest.
 *
 * A run trains few of a large model's tensors, or few at a time. So a tensor stays as it is stored until somebody
 * asks for it with {@link get}, which makes the float32 array that is the tensor from then on; what only runs the
 * model asks with {@link read}, which widens into memory that is used again.
 *
 * Guarantees:
 * - Widening is exact, so every way of asking gives the same values.
 * - An array that `get` gave is the tensor: what is written to it is what everyone reads afterwards.
 * - Memory is that of the file, four bytes for a weight that was asked for by `get`, and `transientBytes`.
 */
export class WeightStore extends Map<string, Float32Array> {
  readonly #halves = new Map<string, HalfTensor>();
  readonly #order: string[] = [];
  readonly #transientBytes: number;
  /** What was widened for reading, least recently used first. */
  readonly #widened = new Map<string, Float32Array>();
  #widenedBytes = 0;

  /** @param transientBytes at least what the float32 weights of one stage take */
  constructor(transientBytes: number) {
    super();
    this.#transientBytes = transientBytes;
  }

  /** Adds a tensor as it is stored. */
  add(name: string, tensor: HalfTensor): void {
    this.#order.push(name);
    this.#halves.set(name, tensor);
  }

  override set(name: string, values: Float32Array): this {
    if (!this.has(name)) this.#order.push(name);
    this.#halves.delete(name);
    this.#forget(name);
    return super.set(name, values);
  }

  override has(name: string): boolean {
    return super.has(name) || this.#halves.has(name);
  }

  override get(name: string): Float32Array | undefined {
    const half = this.#halves.get(name);
    if (half !== undefined) this.set(name, widen(half, new Float32Array(half.bits.length)));
    return super.get(name);
  }

  /** The float32 values for reading, valid until `transientBytes` of other tensors have been read. */
  read(name: string): Float32Array | undefined {
    const half = this.#halves.get(name);
    if (half === undefined) return super.get(name);
    const recent = this.#widened.get(name);
    const values = recent ?? widen(half, this.#room(half.bits.length));
    if (recent === undefined) this.#widenedBytes += values.byteLength;
    this.#widened.delete(name);
    this.#widened.set(name, values);
    return values;
  }

  /**
   * The tensor as it is stored, in memory that other threads can read.
   *
   * It moves there when first asked for: an array that `get` gave before is then no longer the tensor.
   */
  share(name: string): StoredTensor | undefined {
    const half = this.#halves.get(name);
    if (half !== undefined) {
      const bits = isShared(half.bits) ? half.bits : copyToShared(half.bits, Uint16Array);
      const shared = { dtype: half.dtype, bits };
      this.#halves.set(name, shared);
      return shared;
    }
    const values = super.get(name);
    if (values === undefined) return undefined;
    const data = isShared(values) ? values : copyToShared(values, Float32Array);
    super.set(name, data);
    return { dtype: "F32", data };
  }

  /** Rows of the first axis, copied: nothing else of the tensor is widened. */
  readRows(name: string, rows: readonly number[], width: number): Float32Array | undefined {
    const half = this.#halves.get(name);
    const whole = half === undefined ? super.get(name) : undefined;
    if (half === undefined && whole === undefined) return undefined;
    const gathered = new Float32Array(rows.length * width);
    rows.forEach((row, index) => {
      const [from, to] = [row * width, (row + 1) * width];
      const out = gathered.subarray(index * width, (index + 1) * width);
      if (whole !== undefined) out.set(whole.subarray(from, to));
      if (half !== undefined) widen({ dtype: half.dtype, bits: half.bits.subarray(from, to) }, out);
    });
    return gathered;
  }

  override get size(): number {
    return this.#order.length;
  }

  override keys(): MapIterator<string> {
    return this.#order.values();
  }

  override *entries(): MapIterator<[string, Float32Array]> {
    for (const name of this.#order) yield [name, this.get(name) ?? new Float32Array()];
  }

  override *values(): MapIterator<Float32Array> {
    for (const [, values] of this.entries()) yield values;
  }

  override [Symbol.iterator](): MapIterator<[string, Float32Array]> {
    return this.entries();
  }

  override forEach(each: (values: Float32Array, name: string, map: Map<string, Float32Array>) => void): void {
    for (const [name, values] of this.entries()) each(values, name, this);
  }

  /** An array of `length` within the bound: one that was used longest ago, if it has that length, else a new one. */
  #room(length: number): Float32Array {
    let found: Float32Array | undefined;
    for (const [name, values] of this.#widened) {
      if (this.#widenedBytes + 4 * length <= this.#transientBytes) break;
      this.#forget(name);
      if (values.length === length) found = values;
    }
    return found ?? new Float32Array(length);
  }

  #forget(name: string): void {
    this.#widenedBytes -= this.#widened.get(name)?.byteLength ?? 0;
    this.#widened.delete(name);
  }
}

/** A tensor's values for reading only: of a {@link WeightStore} without making them float32 for good. */
export function valuesForReading(
  weights: ReadonlyMap<string, Float32Array>,
  name: string,
): Float32Array | undefined {
  return weights instanceof WeightStore ? weights.read(name) : weights.get(name);
}

function widen({ dtype, bits }: HalfTensor, out: Float32Array): Float32Array {
  return dtype === "F16" ? decodeFloat16(bits, out) : decodeBfloat16(bits, out);
}
