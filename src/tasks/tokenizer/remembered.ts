/** Pieces whose tokens are kept, and the longest of them. */
const mostKept = 10_000;
const longestKept = 256;

/** The same function, which keeps its last answers: the words of a text come again and again. */
export function remembered(
  encode: (piece: string) => readonly number[],
): (piece: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return (piece) => {
    const found = known.get(piece);
    if (found !== undefined) return found;
    const ids = encode(piece);
    if (known.size >= mostKept) known.clear();
    if (piece.length <= longestKept) known.set(piece, ids);
    return ids;
  };
}
