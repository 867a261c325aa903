import { CheckpointError } from "./errors.js";
import { firstNonFinite } from "./finite.js";
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "./half.js";

/** Formats whose tensors can be read as weights. */
export type TensorDtype = "F32" | "F16" | "BF16";

/** Bytes an element takes, for every format a file may hold; other than `TensorDtype`, kept as raw bytes. */
const elementBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2: 1,
  F8_E5M2FNUZ: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
} as const;

/** Every format a checkpoint may hold. */
export type StoredDtype = keyof typeof elementBytes;

/** The formats there are, for messages. */
export const storedDtypes: readonly string[] = Object.keys(elementBytes);

/** Says whether `name` is a format this reader knows the size of. */
export function isStoredDtype(name: unknown): name is StoredDtype {
  return typeof name === "string" && Object.hasOwn(elementBytes, name);
}

/** Says whether tensors of this format are weights. */
export function isWeightDtype(dtype: StoredDtype): dtype is TensorDtype {
  return dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** Bytes of one element. */
export function bytesPerElement(dtype: StoredDtype): number {
  return elementBytes[dtype];
}

/** Widens stored little-endian bytes to float32, exactly. */
export function decodeWeights(dtype: TensorDtype, bytes: Uint8Array): Float32Array {
  // Typed arrays use the machine's byte order; every platform that runs JavaScript today is little-endian.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  switch (dtype) {
    case "F32":
      return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
    case "F16":
      return decodeFloat16(new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2));
    case "BF16":
      return decodeBfloat16(new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2));
  }
}

/**
 * Narrows float32 to stored bytes, rounding to nearest, ties to even; the same values give the same bytes.
 *
 * @param where - what an error calls the tensor.
 * @throws {CheckpointError} code `not-finite` for NaN or infinity, `overflow` for a value the format cannot hold.
 */
export function encodeWeights(dtype: TensorDtype, values: Float32Array, where: string): Uint8Array {
  refuseNonFinite(values, where);
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const out = new Uint16Array(values.length);
  const overflow = dtype === "F16" ? encodeFloat16(values, out) : encodeBfloat16(values, out);
  if (overflow >= 0) {
    throw new CheckpointError("overflow", {
      message: `Element ${overflow} of ${where} is ${String(values[overflow])}, too large for ${dtype}.`,
      value: values[overflow],
      expected: `magnitudes that ${dtype} can hold`,
      next: "The run diverged, or the base checkpoint should be F32 or BF16.",
    });
  }
  return new Uint8Array(out.buffer);
}

function refuseNonFinite(values: Float32Array, where: string): void {
  const at = firstNonFinite(values);
  if (at < 0) return;
  throw new CheckpointError("not-finite", {
    message: `Element ${at} of ${where} is ${String(values[at])}.`,
    value: values[at],
    expected: "finite weights",
    next: "The run diverged; use a smaller learning rate.",
  });
}
