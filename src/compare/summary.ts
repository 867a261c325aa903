/** Mean and spread of a figure over seeds. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation; absent for a single value. */
  readonly deviation?: number;
  readonly least: number;
  readonly largest: number;
}

/**
 * Mean, sample standard deviation (n - 1) and range of at least one value.
 *
 * @example
 * spreadOf([0.7, 0.8]); // { mean: 0.75, deviation: 0.0707..., ... }
 */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count,
    mean,
    ...(count > 1 && { deviation: Math.sqrt(squares / (count - 1)) }),
    least: Math.min(...values),
    largest: Math.max(...values),
  };
}
