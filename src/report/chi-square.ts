/**
 * The quantile of the chi-square distribution: x with P(X <= x) = `probability`.
 *
 * Good to about 1e-9 relative. The short formula of Wilson and Hilferty would put the lower edge of a band of two
 * values at half its height, and has none for one value.
 *
 * @param degreesOfFreedom a whole number from 1 to 4096
 * @param probability from 0.001 to 0.999
 * @throws {RangeError} outside these ranges
 * @example
 * chiSquareQuantile(1, 0.95); // 3.8414588206941...
 * @see Abramowitz and Stegun, 26.4.
 */
export function chiSquareQuantile(degreesOfFreedom: number, probability: number): number {
  if (!Number.isInteger(degreesOfFreedom) || degreesOfFreedom < 1 || degreesOfFreedom > 4096) {
    throw new RangeError(`degreesOfFreedom is ${degreesOfFreedom}; expected a whole number from 1 to 4096.`);
  }
  if (!(probability >= 0.001 && probability <= 0.999)) {
    throw new RangeError(`probability is ${probability}; expected 0.001 to 0.999.`);
  }
  let low = 0;
  // Six standard deviations and the longer tail of few degrees: above the 0.999 quantile of every size.
  let high = degreesOfFreedom + 6 * Math.sqrt(2 * degreesOfFreedom) + 30;
  for (let round = 0; round < 80; round += 1) {
    const middle = (low + high) / 2;
    if (chiSquareDistribution(degreesOfFreedom, middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * P(X <= x) by the series of the incomplete gamma function, x^a e^-x / Gamma(a + 1) * (1 + x/(a+1) + ...).
 *
 * All terms are positive, so nothing cancels; only values far beyond the upper tail would need another form.
 */
export function chiSquareDistribution(degreesOfFreedom: number, x: number): number {
  if (x <= 0) return 0;
  const a = degreesOfFreedom / 2;
  const half = x / 2;
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= half / (a + n);
    sum += term;
  }
  return Math.min(1, sum * Math.exp(a * Math.log(half) - half - logGammaOfHalves(degreesOfFreedom + 2)));
}

/** log Gamma(count / 2), from Gamma(1/2) = sqrt(pi) or Gamma(1) = 1 upwards. */
function logGammaOfHalves(count: number): number {
  const isOdd = count % 2 === 1;
  let sum = isOdd ? Math.log(Math.PI) / 2 : 0;
  for (let twice = isOdd ? 1 : 2; twice < count; twice += 2) sum += Math.log(twice / 2);
  return sum;
}
