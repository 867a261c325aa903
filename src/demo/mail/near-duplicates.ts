/** Words in a row that are compared. */
const shingleWords = 3;
/** Mails with fewer shingles count as having this many, so that one common phrase does not make two alike. */
const fewestShingles = 6;

/** Two texts that share much. */
export interface SimilarPair {
  readonly first: number;
  readonly second: number;
  readonly similarity: number;
}

/** The distinct runs of three words of a text; case, signs and numbers do not count. */
export function shinglesOf(text: string): ReadonlySet<string> {
  const words =
    text
      .toLowerCase()
      .replace(/\d[\d\s.,:/()-]*/g, "0 ")
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const last = Math.max(1, words.length - shingleWords + 1);
  return new Set(
    Array.from({ length: last }, (_, start) => words.slice(start, start + shingleWords).join(" ")),
  );
}

/**
 * How much of the shorter text stands in the other too: shared shingles over those of the shorter (at least 6).
 *
 * Never less than the Jaccard similarity of texts with 6 shingles or more.
 */
export function similarityOf(first: ReadonlySet<string>, second: ReadonlySet<string>): number {
  let shared = 0;
  for (const shingle of first) if (second.has(shingle)) shared += 1;
  return shared / Math.max(fewestShingles, Math.min(first.size, second.size));
}

/**
 * All pairs of texts with a similarity of at least `threshold`, exactly: shared shingles are counted through an
 * index from shingle to texts, without hashing and without chance.
 */
export function similarPairs(
  texts: readonly ReadonlySet<string>[],
  threshold: number,
): readonly SimilarPair[] {
  const index = new Map<string, number[]>();
  const pairs: SimilarPair[] = [];
  texts.forEach((shingles, second) => {
    const shared = new Uint32Array(second);
    for (const shingle of shingles) {
      const earlier = index.get(shingle);
      if (earlier === undefined) index.set(shingle, [second]);
      else {
        for (const first of earlier) shared[first] = (shared[first] ?? 0) + 1;
        earlier.push(second);
      }
    }
    shared.forEach((count, first) => {
      const smaller = Math.min(shingles.size, texts[first]?.size ?? 0);
      const similarity = count / Math.max(fewestShingles, smaller);
      if (similarity >= threshold) pairs.push({ first, second, similarity });
    });
  });
  return pairs;
}

/** Groups that are joined by pairs, each in ascending order; a text alone is a group of one. */
export function connectedGroups(count: number, pairs: Iterable<SimilarPair>): readonly (readonly number[])[] {
  const parent = Array.from({ length: count }, (_, index) => index);
  const root = (start: number): number => {
    let node = start;
    for (let above = parent[node] ?? node; above !== node; above = parent[node] ?? node) {
      parent[node] = parent[above] ?? above;
      node = above;
    }
    return node;
  };
  for (const { first, second } of pairs) {
    const [low, high] = [root(first), root(second)].sort((a, b) => a - b);
    if (low !== undefined && high !== undefined) parent[high] = low;
  }
  const groups = new Map<number, number[]>();
  for (let member = 0; member < count; member += 1) {
    const group = groups.get(root(member));
    if (group === undefined) groups.set(root(member), [member]);
    else group.push(member);
  }
  return [...groups.values()];
}
