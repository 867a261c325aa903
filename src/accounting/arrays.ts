/** A measure of `length` masses, all 0. */
export function zeros(length: number): Float64Array {
  return new Float64Array(length);
}

/** Adds `mass` at index `i`. */
export function accumulate(measure: Float64Array, i: number, mass: number): void {
  measure[i] = (measure[i] as number) + mass;
}

/** What `cache` holds for `size`, made when it is not there; kept only up to the size `largest`. */
export function remembered<T>(cache: Map<number, T>, size: number, largest: number, make: () => T): T {
  const known = cache.get(size);
  if (known !== undefined) return known;
  const fresh = make();
  if (size <= largest) cache.set(size, fresh);
  return fresh;
}
