/** Levenshtein distance between two words, in characters. */
export function editDistance(first: string, second: string): number {
  const target = Array.from(second);
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [i, character] of Array.from(first).entries()) {
    const next = [i + 1];
    for (const [j, other] of target.entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[target.length] ?? 0;
}
