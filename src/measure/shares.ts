/** A piece of work, and what it costs beside others. */
export interface Costed {
  readonly cost: number;
}

/**
 * Cuts a list into at most `count` runs of neighbours of about the same cost, none of them empty.
 *
 * @example
 * equalShares([{ cost: 1 }, { cost: 1 }, { cost: 2 }], 2).map((share) => share.length); // [2, 1]
 */
export function equalShares<T extends Costed>(items: readonly T[], count: number): readonly (readonly T[])[] {
  const total = items.reduce((sum, { cost }) => sum + cost, 0);
  const shares: T[][] = [];
  let done = 0;
  for (const item of items) {
    // The middle of an item decides, so that no share is left behind by one large item at its border.
    const share = Math.min(count - 1, Math.floor(((done + item.cost / 2) / total) * count));
    (shares[share] ??= []).push(item);
    done += item.cost;
  }
  return shares.filter((share) => share.length > 0);
}
