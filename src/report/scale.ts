/** Maps a quantity to a position in a picture. */
export interface Scale {
  readonly domain: readonly [low: number, high: number];
  readonly range: readonly [low: number, high: number];
  at(value: number): number;
}

/** A linear scale; values beyond the domain are held at its ends, so that nothing leaves the picture. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain;
  const width = high > low ? high - low : 1;
  return {
    domain,
    range,
    at(value) {
      const share = Math.min(1, Math.max(0, (value - low) / width));
      return range[0] + share * (range[1] - range[0]);
    },
  };
}

/**
 * Round numbers (1, 2 or 5 times a power of ten apart) within a domain, about as many as asked for.
 *
 * @param whole leaves out everything between whole numbers, for steps
 * @example
 * niceTicks([0, 500], 5, true); // [0, 100, 200, 300, 400, 500]
 */
export function niceTicks(
  [low, high]: readonly [number, number],
  about: number,
  whole = false,
): readonly number[] {
  if (!(high > low)) return [low];
  const step = whole ? Math.max(1, niceStep((high - low) / about)) : niceStep((high - low) / about);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Counting in steps and rounding once keeps 0.1 + 0.2 out of the labels.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const tick = Number(((first + index) * step).toPrecision(12));
    return tick === 0 ? 0 : tick;
  });
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** The smallest and largest of some numbers, with a margin on both sides as a share of their distance. */
export function paddedExtent(values: readonly number[], margin: number): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const pad = low === high ? Math.abs(low) || 1 : (high - low) * margin;
  return [low - pad, high + pad];
}
