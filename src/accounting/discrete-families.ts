import { AccountingError } from "./errors.js";
import type { DiscreteFamily } from "./discrete-noise.js";
import { type Atom, logMixture } from "./loss.js";

/** Most integers listed; beyond it other arguments are needed. */
const mostAtoms = 1 << 21;

/** Discrete Gaussian noise on the integers, for an integer sensitivity. */
export function discreteGaussianFamily(standardDeviation: number, sensitivity: number): DiscreteFamily {
  const s = standardDeviation;
  const precision = 1 / (s * s);
  const logNorm = Math.log(normaliser(s));
  const ratio = (y: number): number => sensitivity * (y - sensitivity / 2) * precision;
  const logMass = (y: number): number => -0.5 * y * y * precision - logNorm;
  return {
    maximumRatio: Infinity,
    lattice: { origin: ratio(0), step: sensitivity * precision },
    atoms: (power, q, k) => {
      // Gaussian tails right of power * sensitivity and left of 0 (or the reverse), as for continuous noise.
      const to = Math.ceil(Math.max(power, 0) * sensitivity + k * s);
      const from = Math.floor(Math.min(power, 0) * sensitivity - k * s);
      checkCount(to - from);
      const atoms: Atom[] = [];
      for (let y = from; y <= to; y += 1) atoms.push({ logMass: logMass(y), ratio: ratio(y) });
      const tail = (y: number): number =>
        logMass(y) + power * logMixture(q, ratio(y)) - Math.log(-Math.expm1(-k / s));
      return { atoms, logOutside: Math.max(tail(from), tail(to)) + Math.LN2 };
    },
  };
}

/** Sum over the integers of exp(-y^2 / (2 s^2)). */
function normaliser(s: number): number {
  if (s > 3) return Math.sqrt(2 * Math.PI) * s; // The next term is a factor 1 + 2 exp(-2 pi^2 s^2) < 1 + 1e-76.
  let sum = 1;
  for (let y = 1; y < 40 * s + 2; y += 1) sum += 2 * Math.exp((-0.5 * y * y) / (s * s));
  return sum;
}

/** Discrete Laplace noise on the integers: two atoms outside [0, sensitivity], one an integer inside. */
export function discreteLaplaceFamily(scale: number, sensitivity: number): DiscreteFamily {
  checkCount(sensitivity);
  const logTotal = Math.log1p(Math.exp(-1 / scale));
  const logStep = Math.log(-Math.expm1(-1 / scale));
  const atoms: Atom[] = [{ logMass: -logTotal, ratio: -sensitivity / scale }];
  for (let y = 1; y < sensitivity; y += 1) {
    atoms.push({ logMass: logStep - logTotal - y / scale, ratio: (2 * y - sensitivity) / scale });
  }
  atoms.push({ logMass: -sensitivity / scale - logTotal, ratio: sensitivity / scale });
  return {
    maximumRatio: sensitivity / scale,
    lattice: { origin: -sensitivity / scale, step: 2 / scale },
    atoms: () => ({ atoms, logOutside: -Infinity }),
  };
}

function checkCount(count: number): void {
  if (count <= mostAtoms) return;
  throw new AccountingError("too-large", {
    message: `The noise would have to be summed over ${count} integers.`,
    value: count,
    expected: `at most ${mostAtoms}`,
    next: "Use a coarser lattice, or the continuous mechanism if that is what runs.",
  });
}
