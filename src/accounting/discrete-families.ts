import { AccountingError } from "./errors.js";
import type { DiscreteFamily } from "./discrete-noise.js";
import type { Sampling } from "./group-sampling.js";
import { type Mixture, mixtureOf } from "./mixture.js";
import type { Atom } from "./loss.js";
import { spend, WorkSpent } from "./work.js";

/** Most integers listed; beyond it other arguments are needed. */
const mostAtoms = 1 << 21;

/** Discrete Gaussian noise on the integers, for an integer sensitivity. */
export function discreteGaussianFamily(
  standardDeviation: number,
  sensitivity: number,
  sampling: Sampling,
): DiscreteFamily {
  const s = standardDeviation;
  const precision = 1 / (s * s);
  const logNorm = Math.log(normaliser(s));
  const ratio = (y: number, j: number): number => {
    const shift = j * sensitivity;
    return shift * (y - shift / 2) * precision;
  };
  const mixture = mixtureOf(sampling, ratio);
  const logMass = (y: number): number => -0.5 * y * y * precision - logNorm;
  return {
    lattice: { origin: ratio(0, 1), step: sensitivity * precision },
    atoms: (power, k) => {
      // Gaussian tails right of power * sensitivity and left of 0 (or the reverse), as for continuous noise.
      const reach = power * sensitivity * mixture.most;
      const to = Math.ceil(Math.max(reach, 0) + k * s);
      const from = Math.floor(Math.min(reach, 0) - k * s);
      if (to - from > mostAtoms) throw new WorkSpent();
      spend(30 * (to - from));
      const atoms: Atom[] = [];
      for (let y = from; y <= to; y += 1) atoms.push({ logMass: logMass(y), mixture: mixture.log(y) });
      const tail = (y: number): number => logMass(y) + power * mixture.log(y) - Math.log(-Math.expm1(-k / s));
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

/** Discrete Laplace noise on the integers: two atoms outside [0, largest shift], one an integer inside. */
export function discreteLaplaceFamily(
  scale: number,
  sensitivity: number,
  sampling: Sampling,
): DiscreteFamily {
  const ratio = (y: number, j: number): number =>
    j === 1 && y <= sensitivity ? (2 * y - sensitivity) / scale : (y - Math.abs(y - j * sensitivity)) / scale;
  const mixture = mixtureOf(sampling, ratio);
  let listed: readonly Atom[] | undefined;
  return {
    lattice: { origin: -sensitivity / scale, step: 2 / scale },
    atoms: () => {
      listed ??= laplaceAtoms(scale, sensitivity, mixture);
      return { atoms: listed, logOutside: -Infinity };
    },
  };
}

function laplaceAtoms(scale: number, sensitivity: number, mixture: Mixture): readonly Atom[] {
  const widest = sensitivity * mixture.most;
  checkCount(widest);
  spend(10 * widest);
  const logTotal = Math.log1p(Math.exp(-1 / scale));
  const logStep = Math.log(-Math.expm1(-1 / scale));
  const atRatio = mixture.atRatio(sensitivity / scale);
  const atoms: Atom[] = [{ logMass: -logTotal, mixture: mixture.atRatio(-sensitivity / scale) }];
  for (let y = 1; y < widest; y += 1) {
    atoms.push({ logMass: logStep - logTotal - y / scale, mixture: mixture.log(y) });
  }
  atoms.push({ logMass: -widest / scale - logTotal, mixture: atRatio });
  return atoms;
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
