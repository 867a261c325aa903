import { discreteLaplaceFamily } from "./discrete-families.js";
import { asOneRecord, type Release } from "./flatten.js";
import { logMixture, sampledAtom } from "./loss.js";
import { logAdd } from "./logarithm.js";
import { fourPoint } from "./quadrature.js";

/** Round-off and quadrature allowance on the logarithm of a moment, per release. */
const allowance = 1e-12;

/**
 * An upper bound on log E_P[exp((order - 1) * loss)] of one release, the larger of both directions.
 *
 * This is (order - 1) times the Renyi divergence of that order.
 */
export function logMoment(release: Release, order: number): number {
  const { mechanism, samplingRate: q } = asOneRecord(release);
  switch (mechanism.kind) {
    case "gaussian": {
      const sigma = mechanism.noiseMultiplier;
      // Sampling only helps, so leaving it out is safe where summing over narrow noise would take long.
      return q === 1 || sigma < narrow || order > highest
        ? plainGaussian(sigma, order)
        : sampledGaussian(q, sigma, order) + allowance;
    }
    case "discreteGaussian": {
      const sigma = mechanism.standardDeviation / mechanism.sensitivity;
      return q === 1 || order > highest
        ? plainGaussian(sigma, order)
        : betweenIntegers(q, sigma, order) + allowance;
    }
    case "laplace":
      return anyLaplace(q, mechanism.scale, order);
    case "discreteLaplace": {
      const { scale, sensitivity } = mechanism;
      // Continuous noise at two more sensitivities loses more (`laplaceShift` of the plan has the argument).
      if (sensitivity > mostSummed) return anyLaplace(q, scale / (sensitivity + 2), order);
      const { atoms } = discreteLaplaceFamily(scale, sensitivity, { rate: q, records: 1 }).atoms(0, 0);
      const sums = directions.map((way) =>
        atoms.reduce((sum, atom) => {
          const { logP, loss } = sampledAtom(atom, way);
          return logAdd(sum, logP + (order - 1) * loss);
        }, -Infinity),
      );
      return Math.max(...sums) + allowance;
    }
  }
}

/** Noise over sensitivity below which a cheaper bound is taken. */
const narrow = 0.01;
/** Orders above which a cheaper bound is taken. */
const highest = 4096;
/** Lattices wider than this are not summed over, and Laplace noise not integrated in more panels. */
const mostSummed = 16_384;

function anyLaplace(q: number, scale: number, order: number): number {
  const simple = (order - 1) * logMixture(q, 1 / scale) + allowance;
  if (scale < narrow || panelsOf(scale, order) > mostSummed) return simple;
  return Math.max(...directions.map((way) => sampledLaplace(q, scale, order, way))) + allowance;
}

function panelsOf(scale: number, power: number): number {
  return Math.ceil((4 * (2 * Math.abs(power) + 1)) / scale);
}

const directions = ["remove", "add"] as const;

/** Mironov 2017, Proposition 7; for the discrete Gaussian Canonne, Kamath and Steinke 2020, Theorem 4. */
function plainGaussian(sigma: number, order: number): number {
  return (order * (order - 1)) / (2 * sigma * sigma);
}

/**
 * The remove direction, which is the larger one for the Gaussian (Mironov, Talwar and Zhang 2019, section 3).
 *
 * E under Q of mixture^order by the trapezoidal rule. Off the real axis the integrand is at most exp(d^2 / 2 sigma^2)
 * times itself up to the distance d where the mixture could vanish, so the rule's error is below exp(-45).
 */
function sampledGaussian(q: number, sigma: number, order: number): number {
  if (Number.isInteger(order) && order <= 64) return integerMoment(q, sigma, order);
  const precision = 1 / (sigma * sigma);
  const distance = Math.min(3.1 * sigma * sigma, 6 * sigma);
  const step = (2 * Math.PI * distance) / (45 + (distance * distance * precision) / 2);
  // Both modes, 0 and order, reach as far as 2^order and Gaussian tails can matter.
  const reach = (9 + Math.sqrt(2 * order * Math.LN2)) * sigma;
  let sum = -Infinity;
  const term = (x: number): number =>
    -0.5 * x * x * precision + order * logMixture(q, (x - 0.5) * precision) + Math.log(step);
  for (let i = Math.floor(-reach / step); i * step < order + reach; i += 1) {
    const gap = i * step > reach && i * step < order - reach;
    if (gap) i = Math.floor((order - reach) / step);
    sum = logAdd(sum, term(i * step));
  }
  return sum - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI);
}

/** Sum over j of binomial(order, j) (1 - q)^(order - j) q^j exp(j (j - 1) / 2 sigma^2), for an integer order. */
function integerMoment(q: number, sigma: number, order: number): number {
  let sum = -Infinity;
  let logBinomial = 0;
  for (let j = 0; j <= order; j += 1) {
    const term =
      logBinomial + (order - j) * Math.log1p(-q) + j * Math.log(q) + (j * (j - 1)) / (2 * sigma * sigma);
    sum = logAdd(sum, term);
    logBinomial += Math.log((order - j) / (j + 1));
  }
  return sum;
}

/**
 * For the discrete Gaussian integer moments are those of the continuous one, exactly and in any dimension: shifts by
 * integers keep the normaliser. In between, log moments are convex in the order, so the chord is an upper bound.
 */
function betweenIntegers(q: number, sigma: number, order: number): number {
  const low = Math.floor(order);
  const share = order - low;
  const at = (n: number): number => (n <= 1 ? 0 : integerMoment(q, sigma, n));
  return share === 0 ? at(low) : (1 - share) * at(low) + share * at(low + 1);
}

/** Two atoms, and the interval between by 4-point Gauss panels on which the integrand varies by a factor 1.3. */
function sampledLaplace(q: number, scale: number, order: number, way: "remove" | "add"): number {
  const power = way === "remove" ? order : 1 - order;
  const mixture = (x: number): number => logMixture(q, (2 * x - 1) / scale);
  let sum = logAdd(power * mixture(0) - Math.LN2, power * mixture(1) - Math.LN2 - 1 / scale);
  const panels = panelsOf(scale, power);
  for (let p = 0; p < panels; p += 1) {
    for (const [node, weight] of fourPoint) {
      const x = (p + node) / panels;
      sum = logAdd(sum, Math.log(weight / panels / (2 * scale)) - x / scale + power * mixture(x));
    }
  }
  return sum;
}
