import type { PrefixLayout } from "./adapter-layout.js";

/** The one tensor of PEFT's prefix folder: [virtual tokens, blocks * 2 * heads * size], keys before values. */
export const promptTensor = "prompt_embeddings";

/** The tensors of a prefix put together as PEFT keeps them. */
export async function joinedPrefix(
  layout: PrefixLayout,
  valuesOf: (tensor: string) => Promise<Float32Array>,
): Promise<Float32Array> {
  const { tensors, spec, heads, headSize } = layout;
  const joined = new Float32Array(tensors.length * spec.length * heads * headSize);
  for (const [part, tensor] of tensors.entries()) {
    const values = await valuesOf(tensor);
    eachRow(layout, part, (own, shared) => {
      joined.set(values.subarray(own, own + headSize), shared);
    });
  }
  return joined;
}

/** The tensors of a prefix, taken apart again. */
export function splitPrefix(layout: PrefixLayout, joined: Float32Array): ReadonlyMap<string, Float32Array> {
  const { tensors, spec, heads, headSize } = layout;
  return new Map(
    tensors.map((tensor, part) => {
      const values = new Float32Array(heads * spec.length * headSize);
      eachRow(layout, part, (own, shared) => {
        values.set(joined.subarray(shared, shared + headSize), own);
      });
      return [tensor, values];
    }),
  );
}

/** Visits a head's row of one tensor, [heads, length, size], by where it begins there and in PEFT's [length, parts, heads, size]. */
function eachRow(
  { tensors, spec, heads, headSize }: PrefixLayout,
  part: number,
  visit: (own: number, shared: number) => void,
): void {
  for (let head = 0; head < heads; head += 1) {
    for (let token = 0; token < spec.length; token += 1) {
      const own = (head * spec.length + token) * headSize;
      visit(own, ((token * tensors.length + part) * heads + head) * headSize);
    }
  }
}
