/** A pair of neighbours that can be merged: how early its rule comes, and where the left one stands. */
export interface Merge {
  readonly rank: number;
  readonly place: number;
  /** The token that it becomes. */
  readonly id: number;
}

/** Merges in order: the earliest rule first, of the same rule the leftmost place. A binary heap. */
export class MergeQueue {
  private readonly heap: Merge[] = [];

  push(merge: Merge): void {
    const { heap } = this;
    let index = heap.push(merge) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(merge, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = merge;
  }

  pop(): Merge | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) this.sink(last);
    return first;
  }

  private sink(merge: Merge): void {
    const { heap } = this;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [leftMerge, rightMerge] = [heap[left], heap[left + 1]];
      if (leftMerge === undefined) break;
      const takesRight = rightMerge !== undefined && isBefore(rightMerge, leftMerge);
      const child = takesRight ? rightMerge : leftMerge;
      if (!isBefore(child, merge)) break;
      heap[index] = child;
      index = takesRight ? left + 1 : left;
    }
    heap[index] = merge;
  }
}

function isBefore(a: Merge, b: Merge): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.place < b.place);
}
