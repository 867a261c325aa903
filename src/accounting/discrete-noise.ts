import { type Atom, type LossSource, sampledAtom, type Sketch } from "./loss.js";
import { type Cut, type Direction, type Discretised, type Grid, isInside, Splatter } from "./splat.js";

/** Noise on the integers whose sampled loss has finitely many atoms worth listing. */
export interface DiscreteFamily {
  /** All atoms that matter at this power, and a bound on the log of the tilted mass of the others. */
  atoms(power: number, q: number, k: number): { atoms: readonly Atom[]; logOutside: number };
  /** Largest log likelihood ratio; Infinity for noise with Gaussian tails. */
  readonly maximumRatio: number;
  /** Distance between neighbouring ratios, and one of them. */
  readonly lattice: { readonly origin: number; readonly step: number };
}

/** The loss source of Poisson-sampled noise on the integers, by sums over the integers themselves. */
export class DiscreteSource implements LossSource {
  readonly maximumLoss: number;
  readonly spacing?: { readonly origin: number; readonly step: number };

  constructor(
    private readonly family: DiscreteFamily,
    private readonly samplingRate: number,
    private readonly direction: Direction,
  ) {
    const far = direction === "remove" ? family.maximumRatio : -family.maximumRatio;
    this.maximumLoss =
      far === -Infinity && samplingRate < 1
        ? -Math.log1p(-samplingRate)
        : Math.abs(far) === Infinity
          ? Infinity
          : sampledAtom(samplingRate, { logMass: 0, ratio: far }, direction).loss;
    if (samplingRate === 1) this.spacing = family.lattice;
  }

  sketch(tilt: number): Sketch {
    const { atoms } = this.family.atoms(this.power(tilt), this.samplingRate, 9);
    const stride = Math.max(1, Math.floor(atoms.length / 400));
    const size = Math.ceil(atoms.length / stride);
    const logMass = new Float64Array(size);
    const loss = new Float64Array(size);
    for (let i = 0; i < size; i += 1) {
      const point = sampledAtom(this.samplingRate, atoms[i * stride] as Atom, this.direction);
      logMass[i] = point.logP + tilt * point.loss + Math.log(stride);
      loss[i] = point.loss;
    }
    return { logMass, loss };
  }

  discretise(grid: Grid, cut: Cut): Discretised {
    let k = 7;
    let list = this.family.atoms(this.power(grid.tilt), this.samplingRate, k);
    while (list.logOutside - grid.logScale > Math.log(cut.tilted) && k < 80) {
      k += 1;
      list = this.family.atoms(this.power(grid.tilt), this.samplingRate, k);
    }
    const points = list.atoms
      .map((atom) => sampledAtom(this.samplingRate, atom, this.direction))
      .filter(({ loss }) => isInside(loss, cut.window));
    if (points.length === 0) points.push({ logP: -Infinity, loss: grid.origin });
    let least = Infinity;
    let most = -Infinity;
    for (const { loss } of points) {
      least = Math.min(least, loss);
      most = Math.max(most, loss);
    }
    const splatter = new Splatter(grid, least, most);
    for (const { logP, loss } of points) splatter.add(logP, loss);
    return splatter.finish({ tilted: Math.exp(list.logOutside - grid.logScale), beyond: 0 });
  }

  private power(tilt: number): number {
    return this.direction === "remove" ? 1 + tilt : -tilt;
  }
}
