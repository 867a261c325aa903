/** Added to attention scores of what must not be seen: the softmax of it is exactly zero in float32. */
export const hiddenScore = -3.0e38;

/** A causal bias, [1, 1, positions, positions]: each position sees itself and those before it. */
export function causalBias(positions: number): { data: Float32Array; dims: readonly number[] } {
  const data = new Float32Array(positions * positions);
  for (let query = 0; query < positions; query += 1) {
    data.fill(hiddenScore, query * positions + query + 1, (query + 1) * positions);
  }
  return { data, dims: [1, 1, positions, positions] };
}
