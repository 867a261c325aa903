import * as z from "zod";
import { read } from "./read.js";

const direction = z.enum(["Left", "Right"]);
const count = z.int().nonnegative().max(1_000_000);

const schema = z.looseObject({
  truncation: z
    .looseObject({
      direction,
      max_length: count,
      strategy: z.enum(["LongestFirst", "OnlyFirst"]),
    })
    .nullish(),
  padding: z
    .looseObject({
      strategy: z.union([z.literal("BatchLongest"), z.strictObject({ Fixed: count })]),
      direction,
      pad_to_multiple_of: count.nullish(),
      pad_id: z.int().nonnegative(),
    })
    .nullish(),
});
type Limits = z.infer<typeof schema>;

/**
 * Cuts and pads ids as a `tokenizer.json` says: `encode` of Python's `tokenizers` does so as soon as it opens the file.
 *
 * @throws {TaskError} code `invalid-tokenizer`.
 */
export function cutAndPad(definition: unknown): (ids: readonly number[]) => readonly number[] {
  const limits = read(schema, definition, "");
  return (ids) => padded(cut(ids, limits.truncation), limits.padding);
}

function cut(ids: readonly number[], truncation: Limits["truncation"]): readonly number[] {
  if (!truncation || ids.length <= truncation.max_length) return ids;
  const { max_length: longest, direction: side } = truncation;
  return side === "Right" ? ids.slice(0, longest) : ids.slice(ids.length - longest);
}

function padded(ids: readonly number[], padding: Limits["padding"]): readonly number[] {
  if (!padding) return ids;
  const { strategy, pad_to_multiple_of: multiple, pad_id: pad, direction: side } = padding;
  const wanted = strategy === "BatchLongest" ? ids.length : strategy.Fixed;
  const length = multiple ? Math.ceil(wanted / multiple) * multiple : wanted;
  const filling = Array.from({ length: Math.max(0, length - ids.length) }, () => pad);
  return side === "Right" ? [...ids, ...filling] : [...filling, ...ids];
}
