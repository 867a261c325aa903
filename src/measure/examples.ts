import type { TokenRecord } from "../model/token-batch.js";

/** What a model sees of a text. */
export interface Prompted {
  readonly prompt: TokenRecord;
}

/** Texts of one padded length that go through the model together. */
export interface MicroBatch {
  /** Indices into the list of texts. */
  readonly members: readonly number[];
  /** Padded length in tokens. */
  readonly positions: number;
}

/** Padded lengths are multiples of this many tokens. */
const lengthStep = 16;
/** Tokens in a micro-batch: enough to keep the cores busy, small enough to stay in cache. */
const tokensPerMicroBatch = 2048;

/**
 * The padded length of a text, from its own length alone.
 *
 * It must not depend on the other texts of a batch: sums in floating point run in another order at another
 * length, and then one record could change what another contributes.
 */
export function paddedLength(tokens: number, maximumTokens: number): number {
  return Math.min(maximumTokens, Math.ceil(tokens / lengthStep) * lengthStep);
}

/** Groups texts by padded length, longest first, into micro-batches of about 2,048 tokens. */
export function microBatches(
  texts: readonly Prompted[],
  members: Iterable<number>,
  maximumTokens: number,
): readonly MicroBatch[] {
  const byLength = new Map<number, number[]>();
  for (const member of members) {
    const positions = paddedLength(texts[member]?.prompt.inputIds.length ?? 0, maximumTokens);
    const group = byLength.get(positions);
    if (group === undefined) byLength.set(positions, [member]);
    else group.push(member);
  }
  return [...byLength].sort(([a], [b]) => b - a).flatMap(([positions, group]) => split(group, positions));
}

function split(members: readonly number[], positions: number): readonly MicroBatch[] {
  const rows = Math.max(2, Math.floor(tokensPerMicroBatch / positions));
  return Array.from({ length: Math.ceil(members.length / rows) }, (_, index) => ({
    members: members.slice(index * rows, (index + 1) * rows),
    positions,
  }));
}
