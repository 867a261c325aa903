/** Texts in order, by which all that begin at a place of another text are found without a tree of objects. */
export class PrefixTable {
  private readonly sorted: readonly string[];

  constructor(texts: Iterable<string>) {
    this.sorted = [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Calls back with each text that stands in `text` from `from` on, the shortest first; the empty one never. */
  visit(text: string, from: number, found: (token: string) => void): void {
    let low = 0;
    let high = this.sorted.length;
    for (let depth = 0; from + depth < text.length && low < high; depth += 1) {
      const code = text.charCodeAt(from + depth);
      low = this.firstAtLeast(low, high, depth, code);
      high = this.firstAtLeast(low, high, depth, code + 1);
      const first = this.sorted[low];
      if (low < high && first !== undefined && first.length === depth + 1) found(first);
    }
  }

  /** The longest text that stands in `text` from `from` on. */
  longest(text: string, from: number): string | undefined {
    let longest: string | undefined;
    this.visit(text, from, (token) => {
      longest = token;
    });
    return longest;
  }

  /** Between two places where all texts share what comes before `depth`: the first whose code there is not less. */
  private firstAtLeast(from: number, to: number, depth: number, code: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const text = this.sorted[middle] ?? "";
      // A text that ends before `depth` comes before all others.
      if (depth < text.length && text.charCodeAt(depth) >= code) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
