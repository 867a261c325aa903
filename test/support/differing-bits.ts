/** In how many bits two vectors differ; in all of them where one is shorter. */
export function differingBits(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) return 64 * Math.max(a.length, b.length);
  const [x, y] = [bitsOf(a), bitsOf(b)];
  let bits = 0;
  x.forEach((value, at) => {
    for (let rest = value ^ (y[at] ?? 0n); rest > 0n; rest &= rest - 1n) bits += 1;
  });
  return bits;
}

function bitsOf(values: Float64Array): BigUint64Array {
  return new BigUint64Array(Float64Array.from(values).buffer);
}
