import type { Checkpoint } from "./checkpoint.js";
import type { StoredDtype } from "./dtype.js";
import { parseJsonObject } from "./json.js";

/** Bits of the least float32 magnitude that rounds to an infinity: 65,520 in float16, 2^128 - 2^119 in bfloat16. */
const firstTooLarge = { F16: 0x477ff000, BF16: 0x7f7f8000 } as const;

/** Says whether a finite value is too large for a format, once rounded to it. */
function holdsTooLarge(dtype: StoredDtype | undefined, values: Float32Array): boolean {
  if (dtype !== "F16" && dtype !== "BF16") return false;
  const least = firstTooLarge[dtype];
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (const word of words) {
    const magnitude = word & 0x7fffffff;
    if (magnitude >= least && magnitude < 0x7f800000) return true;
  }
  return false;
}

/**
 * The changed tensors that their own 16-bit format cannot hold any more, in the order of the file: what a result keeps
 * in float32 so that it is not lost.
 *
 * @example
 * overflowingTensors(base, new Map([["cls.predictions.bias", Float32Array.of(70_000)]])); // ["cls.predictions.bias"]; the base stores it as F16
 */
export function overflowingTensors(
  base: Pick<Checkpoint, "tensors">,
  changed: ReadonlyMap<string, Float32Array>,
): readonly string[] {
  return [...base.tensors.values()].flatMap(({ name, dtype }) => {
    const values = changed.get(name);
    return values !== undefined && holdsTooLarge(dtype, values) ? [name] : [];
  });
}

/** Keys of `config.json` by which transformers 4 and 5 choose the dtype a model is loaded in. */
const dtypeKeys = new Set(["dtype", "torch_dtype"]);

/**
 * The bytes of a `config.json` with float32 as the dtype a model is loaded in, and nothing else changed.
 *
 * Loaded in float16, what float16 cannot hold would be an infinity again. The text is edited, not written anew: 1.0 would
 * become 1, which is another type in Python.
 */
export function configInFloat32(config: Uint8Array): Uint8Array {
  parseJsonObject(config, "config.json");
  const text = new TextDecoder().decode(config);
  const places = topLevelValues(text);
  if (places.length === 0) {
    const open = text.indexOf("{") + 1;
    const comma = /^\s*\}/u.test(text.slice(open)) ? "" : ",";
    return new TextEncoder().encode(`${text.slice(0, open)}"dtype": "float32"${comma}${text.slice(open)}`);
  }
  let edited = text;
  for (const { start, end } of places.reverse()) {
    edited = `${edited.slice(0, start)}"float32"${edited.slice(end)}`;
  }
  return new TextEncoder().encode(edited);
}

/** Where the values of {@link dtypeKeys} stand in the outermost object: strings or null, as a config has them. */
function topLevelValues(text: string): { start: number; end: number }[] {
  const token = /("(?:[^"\\]|\\.)*")(\s*:\s*)?|[{}[\]]/gsu;
  const found: { start: number; end: number }[] = [];
  let depth = 0;
  for (const { 0: whole, 1: quoted, 2: colon, index } of text.matchAll(token)) {
    if (quoted === undefined) depth += whole === "{" || whole === "[" ? 1 : -1;
    else if (depth === 1 && colon !== undefined && dtypeKeys.has(JSON.parse(quoted) as string)) {
      const start = index + whole.length;
      const value = /^(?:"(?:[^"\\]|\\.)*"|null)/su.exec(text.slice(start))?.[0] ?? "";
      if (value !== "") found.push({ start, end: start + value.length });
    }
  }
  return found;
}
