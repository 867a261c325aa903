import { type Atom, type LossSource, mixturePower, type SampledAtom, sampledAtom } from "./loss.js";
import type { Sampling } from "./group-sampling.js";
import { type Direction, isInside, splatter } from "./splat.js";
import { spend } from "./work.js";

/** Noise on the integers whose sampled loss has finitely many atoms worth listing. */
export interface DiscreteFamily {
  /** All atoms that matter at this power, and a bound on the log of the tilted mass of the others. */
  atoms(power: number, k: number): { atoms: readonly Atom[]; logOutside: number };
  /** Distance between neighbouring ratios of one shift, and one of them. */
  readonly lattice: { readonly origin: number; readonly step: number };
}

/** The loss source of Poisson-sampled noise on the integers, by sums over the integers themselves. */
export function discreteSource(
  family: DiscreteFamily,
  { rate, records }: Sampling,
  direction: Direction,
): LossSource {
  const listed = (tilt: number, k: number): ReturnType<DiscreteFamily["atoms"]> =>
    family.atoms(mixturePower(direction, tilt), k);
  const sampled = (atom: Atom): SampledAtom => sampledAtom(atom, direction);
  return {
    ...(rate === 1 && records === 1 ? { spacing: family.lattice } : {}),

    sketch: (tilt) => {
      const { atoms } = listed(tilt, 9);
      const stride = Math.max(1, Math.floor(atoms.length / 400));
      const points = atoms.filter((_, i) => i % stride === 0).map(sampled);
      return {
        logMass: points.map(({ logP, loss }) => logP + tilt * loss + Math.log(stride)),
        loss: points.map(({ loss }) => loss),
      };
    },

    discretise: (grid, cut) => {
      let k = 7;
      let list = listed(grid.tilt, k);
      while (list.logOutside - grid.logScale > Math.log(cut.tilted) && k < 80) {
        k += 1;
        list = listed(grid.tilt, k);
      }
      spend(40 * list.atoms.length);
      const points = list.atoms.map(sampled).filter(({ loss }) => isInside(loss, cut.window));
      if (points.length === 0) points.push({ logP: -Infinity, loss: grid.origin });
      let least = Infinity;
      let most = -Infinity;
      for (const { loss } of points) {
        least = Math.min(least, loss);
        most = Math.max(most, loss);
      }
      const into = splatter(grid, least, most);
      for (const { logP, loss } of points) into.add(logP, loss);
      return into.finish({ tilted: Math.exp(list.logOutside - grid.logScale), beyond: 0 });
    },
  };
}
