import { fourPoint } from "./quadrature.js";

const logRootTwoPi = 0.5 * Math.log(2 * Math.PI);

/**
 * Logarithm of delta at `epsilon` for Gaussian noise on everybody, exact to about 1e-13 relative in delta.
 *
 * delta = pdf(z) * integral over t > 0 of exp(-t^2/2 - z t) (1 - exp(-ratio t)), z = epsilon / ratio - ratio / 2:
 * every term is positive, so nothing cancels, however small delta is.
 *
 * @param epsilon Any finite number, negative too.
 * @param sensitivityOverSigma Sensitivity over standard deviation, above 0.
 * @see Balle and Wang 2018, Theorem 8; https://arxiv.org/abs/1805.06530 (the same quantity, as a difference)
 */
export function gaussianLogDelta(epsilon: number, sensitivityOverSigma: number): number {
  const ratio = sensitivityOverSigma;
  const z = epsilon / ratio - ratio / 2;
  // The integrand, without pdf(z), peaks near t = -z when z is negative; keep its exponent relative to the peak.
  const peak = Math.max(0, -z);
  const f = (t: number): number =>
    Math.exp(-0.5 * (t - peak) * (t - peak) - (z + peak) * t) * -Math.expm1(-ratio * t);
  const scale = 1 / Math.max(1, z);
  const from = Math.max(0, peak - 40);
  const to = peak + 40 * scale;
  // Steps of 1/15 of the width on which the integrand changes.
  const panels = 600;
  const panel = (to - from) / panels;
  let sum = 0;
  for (let p = 0; p < panels; p += 1) {
    for (const [node, weight] of fourPoint) sum += panel * weight * f(from + panel * (p + node));
  }
  return Math.min(0, Math.log(sum) - logRootTwoPi - 0.5 * (z + peak) * (z - peak));
}
