import { TaskError } from "./errors.js";

/** Records that are padded to one length and run together. */
export interface LengthBucket {
  /** Positions in the list of lengths. */
  readonly members: readonly number[];
  /** Padded length in tokens, a multiple of the bucket width. */
  readonly positions: number;
}

/** How records are put together. */
export interface BucketOptions {
  /** Padded lengths are multiples of this many tokens; 16 unless given. */
  readonly width?: number;
  /** Records in a micro-batch at most. */
  readonly rowsPerMicroBatch: number;
}

/**
 * Groups records of equal padded length into micro-batches, longest first.
 *
 * Guarantees:
 * - A record's padded length depends on its own length alone, never on the rest of the batch: sums in floating
 *   point run in another order at another length, and one record must not change what another contributes.
 * - Every record is in exactly one micro-batch.
 *
 * @param lengths Tokens of each record, at least 1.
 * @throws {TaskError} code `invalid-bucket`.
 * @example
 * bucketByLength([5, 30, 16], { rowsPerMicroBatch: 8 });
 * // [{ members: [1], positions: 32 }, { members: [0, 2], positions: 16 }]
 */
export function bucketByLength(lengths: ArrayLike<number>, options: BucketOptions): readonly LengthBucket[] {
  const { width = 16, rowsPerMicroBatch } = options;
  checkPositive(width, "bucket width");
  checkPositive(rowsPerMicroBatch, "number of rows in a micro-batch");
  const byLength = new Map<number, number[]>();
  for (let member = 0; member < lengths.length; member += 1) {
    const positions = Math.ceil(Math.max(1, lengths[member] ?? 0) / width) * width;
    const group = byLength.get(positions);
    if (group === undefined) byLength.set(positions, [member]);
    else group.push(member);
  }
  return [...byLength]
    .sort(([a], [b]) => b - a)
    .flatMap(([positions, members]) =>
      pieces(members, rowsPerMicroBatch).map((piece) => ({ members: piece, positions })),
    );
}

function pieces(members: readonly number[], rows: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(members.length / rows) }, (_, index) =>
    members.slice(index * rows, (index + 1) * rows),
  );
}

function checkPositive(value: number, what: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new TaskError("invalid-bucket", {
    message: `The ${what} was given as ${String(value)}.`,
    value,
    expected: "a whole number of at least 1",
  });
}
