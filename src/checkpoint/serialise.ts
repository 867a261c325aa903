import { concatBytes } from "../files.js";

/** What a header says about one tensor. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Size of its data. */
  readonly bytes: number;
}

/**
 * Writes the opening of a safetensors file: length field and header, data to follow in the same order.
 *
 * Guarantees: the same input gives the same bytes, which for tensors in the order of their data are those of
 * the reference implementation: no blanks in the JSON, padded with spaces to a multiple of 8 bytes.
 *
 * @example
 * serialiseHeader([{ name: "w", dtype: "F32", shape: [2], bytes: 8 }], new Map([["format", "pt"]]));
 */
export function serialiseHeader(
  tensors: readonly HeaderEntry[],
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  // Joined by hand: an object would move names that look like array indices to the front.
  const pairs: string[] = [];
  if (metadata.size > 0) pairs.push(`"__metadata__":{${[...metadata].map(quotePair).join()}}`);
  let begin = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const entry = { dtype, shape, data_offsets: [begin, begin + bytes] };
    pairs.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    begin += bytes;
  }
  const json = new TextEncoder().encode(`{${pairs.join()}}`);
  const padding = new Uint8Array((8 - (json.length % 8)) % 8).fill(0x20);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length + padding.length), true);
  return concatBytes([length, json, padding]);
}

function quotePair([key, value]: readonly [string, string]): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}
