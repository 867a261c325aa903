/** Scores of one tensor's weights, and which of them are taken. */
export interface ScoredTensor {
  readonly name: string;
  /** One a weight; higher is kept first, `-Infinity` last. NaN counts as `-Infinity`. */
  readonly scores: Float32Array;
  /** 0 free, 1 taken, 2 barred. Changed in place. */
  readonly marks: Uint8Array;
}

export const free = 0;
export const taken = 1;
export const barred = 2;

/**
 * Takes the `count` best free weights of all tensors together, or all that are free if there are fewer.
 *
 * Guarantees:
 * - Of equal scores the earlier tensor's is taken, within a tensor the lower index: the result is one set.
 * - Time is linear in the number of weights; nothing is sorted.
 *
 * @returns how many were taken
 */
export function takeBest(tensors: readonly ScoredTensor[], count: number): number {
  if (count <= 0) return 0;
  const high = findBucket(
    countKeys(tensors, (key) => key >>> 16),
    count,
  );
  if (high.all) return takeAbove(tensors, -1, Infinity);
  const inBucket = countKeys(tensors, (key) => (key >>> 16 === high.bucket ? key & 0xffff : -1));
  const low = findBucket(inBucket, high.wanted);
  const threshold = high.bucket * 0x10000 + low.bucket;
  return takeAbove(tensors, threshold, low.wanted);
}

/** How many free weights fall into each of 65,536 buckets; a bucket of -1 is not counted. */
function countKeys(tensors: readonly ScoredTensor[], bucketOf: (key: number) => number): Float64Array {
  const counts = new Float64Array(0x10000);
  for (const { scores, marks } of tensors) {
    for (let i = 0; i < scores.length; i += 1) {
      if (marks[i] !== free) continue;
      const bucket = bucketOf(orderedKey(scores[i] ?? 0));
      if (bucket >= 0) counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
  }
  return counts;
}

/** The bucket, from the top, in which the `count`-th best lies, and how many of it are wanted. */
function findBucket(
  counts: Float64Array,
  count: number,
): { readonly bucket: number; readonly wanted: number; readonly all: boolean } {
  let wanted = count;
  for (let bucket = counts.length - 1; bucket >= 0; bucket -= 1) {
    const here = counts[bucket] ?? 0;
    if (wanted <= here) return { bucket, wanted, all: false };
    wanted -= here;
  }
  return { bucket: 0, wanted, all: true };
}

/** Takes every free weight whose key is above `threshold`, and the first `ties` of those that equal it. */
function takeAbove(tensors: readonly ScoredTensor[], threshold: number, ties: number): number {
  let left = ties;
  let count = 0;
  for (const { scores, marks } of tensors) {
    for (let i = 0; i < scores.length; i += 1) {
      if (marks[i] !== free) continue;
      const key = orderedKey(scores[i] ?? 0);
      if (key < threshold || (key === threshold && left === 0)) continue;
      if (key === threshold) left -= 1;
      marks[i] = taken;
      count += 1;
    }
  }
  return count;
}

const floats = new Float32Array(1);
const integers = new Uint32Array(floats.buffer);

/** An unsigned integer that orders float32 values as numbers: NaN and -Infinity least, -0 equal to 0. */
export function orderedKey(score: number): number {
  if (Number.isNaN(score)) return orderedKey(-Infinity);
  floats[0] = score + 0;
  const bits = integers[0] ?? 0;
  return bits >= 0x80000000 ? ~bits >>> 0 : (bits | 0x80000000) >>> 0;
}

/** The indices that are taken, ascending. */
export function takenIndices({ marks }: ScoredTensor): Uint32Array {
  let count = 0;
  for (const mark of marks) if (mark === taken) count += 1;
  const indices = new Uint32Array(count);
  let at = 0;
  marks.forEach((mark, index) => {
    if (mark === taken) indices[at++] = index;
  });
  return indices;
}
