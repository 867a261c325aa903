import { binBoundary, type GridPair, placeBins } from "./measure.js";

/** Longest grid of one release; a wider step is taken instead, and bounds get looser instead of slower. */
export const longestGrid = 1 << 18;

/** Thrown when a grid would be too long; the caller widens the step. */
export class GridTooLong extends Error {
  constructor(readonly length: number) {
    super(`A grid of ${length} points is too long.`);
  }
}

/** Which of the two hockey-stick curves: a record was there (remove) or was not (add). */
export type Direction = "remove" | "add";

/** Where and how to discretise a loss distribution. */
export interface Grid {
  readonly step: number;
  readonly origin: number;
  /** Exponential tilt: masses are multiplied by exp(tilt * loss - logScale). */
  readonly tilt: number;
  readonly logScale: number;
  /** Logarithm of the unit in which probability moved to an infinite loss is counted. */
  readonly logUnit: number;
}

/** What a discretisation may leave out. */
export interface Cut {
  /** Tilted mass, at either end. */
  readonly tilted: number;
  /** Logarithm of probability at the largest losses: the upper bound then treats it as an infinite loss. */
  readonly logTail: number;
  /** Only losses between these: one band of several, or one spot looked at cheaply. */
  readonly window?: readonly [number, number];
}

/** Windows are half open, so that neighbouring ones divide the losses. */
export function isInside(loss: number, window: Cut["window"]): boolean {
  return window === undefined || (loss >= window[0] && loss < window[1]);
}

/** What a discretisation did leave out. */
export interface Missing {
  readonly tilted: number;
  /** Probability, in the grid's unit. */
  readonly beyond: number;
}

/** A discretised loss and how well its fullest bin is centred on the grid. */
export interface Discretised {
  readonly pair: GridPair;
  readonly centre: { readonly offset: number; readonly share: number };
}

/**
 * Puts point masses of a loss distribution on a grid, twice.
 *
 * Guarantees:
 * - the upper measure splits a mass between the two grid points around it so that P and Q are both kept
 *   (connect-the-dots), hence it dominates
 * - the lower measure merges the masses of one bin (post-processing) and then replaces the merged curve by a piecewise
 *   linear one below it, hence it is dominated
 */
export class Splatter {
  private readonly first: number;
  private readonly lastCell: number;
  private readonly upper: Float64Array;
  private readonly mass: Float64Array;
  private readonly excess: Float64Array;
  private readonly boundary: number;
  private readonly shrink: number;
  private readonly grow: number;
  private readonly up: number;

  constructor(
    private readonly grid: Grid,
    lossMinimum: number,
    lossMaximum: number,
  ) {
    const { step, origin, tilt } = grid;
    this.first = Math.floor((lossMinimum - origin) / step - 1e-9) - 1;
    const last = Math.ceil((lossMaximum - origin) / step + 1e-9) + 1;
    this.lastCell = Math.ceil((lossMaximum - origin) / step - 1e-7) - 1;
    const length = last - this.first + 1;
    if (!(length <= longestGrid)) throw new GridTooLong(length);
    this.upper = new Float64Array(length);
    this.mass = new Float64Array(length);
    this.excess = new Float64Array(length);
    this.boundary = binBoundary(step);
    this.shrink = Math.expm1(-step);
    this.grow = Math.exp(step);
    this.up = Math.exp(tilt * step);
  }

  /** Index of the cell that `loss` lies in. */
  cell(loss: number): number {
    return Math.floor((loss - this.grid.origin) / this.grid.step);
  }

  /**
   * Adds probability exp(logProbability) at `loss`. `upperBin` overrides which bin of the lower measure it goes to:
   * that of the cell's lower end (false) or upper end (true).
   */
  add(logProbability: number, loss: number, cell = this.cell(loss), upperBin?: boolean): void {
    const { step, origin, tilt, logScale } = this.grid;
    const at = origin + cell * step;
    const offset = Math.min(step, Math.max(0, loss - at));
    const base = Math.exp(logProbability + tilt * at - logScale);
    if (base === 0) return;
    const i = cell - this.first;
    const shrunk = Math.expm1(-offset);
    const share = shrunk / this.shrink;
    const raised = base * this.up;
    this.upper[i] = (this.upper[i] as number) + base * (1 - share);
    this.upper[i + 1] = (this.upper[i + 1] as number) + raised * share;
    // Nothing lies above the last cell, so only what is at its very end makes a bin there.
    const atTop = cell === this.lastCell && offset < step * (1 - 1e-7);
    if (!atTop && (upperBin ?? offset > this.boundary)) {
      this.mass[i + 1] = (this.mass[i + 1] as number) + raised;
      this.excess[i + 1] = (this.excess[i + 1] as number) + raised * (1 - this.grow * (1 + shrunk));
    } else {
      this.mass[i] = (this.mass[i] as number) + base;
      this.excess[i] = (this.excess[i] as number) - base * shrunk;
    }
  }

  /** How far the barycentre of the fullest bin is from its grid point, and the bin's share of the whole. */
  private centre(): { offset: number; share: number } {
    let best = 0;
    let sum = 0;
    this.mass.forEach((mass, i) => {
      sum += mass;
      if (mass > (this.mass[best] as number)) best = i;
    });
    const mass = this.mass[best] as number;
    return { offset: -Math.log1p(-(this.excess[best] as number) / mass), share: mass / sum };
  }

  /** Both measures, and what was not added. */
  finish(missing: Missing): Discretised {
    const { step, origin, tilt, logScale } = this.grid;
    const placed = placeBins({ mass: this.mass, excess: this.excess, step, tilt });
    const pair = {
      step,
      origin,
      start: this.first,
      upper: this.upper,
      lower: placed.lower,
      // What underflowed to nothing is far below 1e-280 in all.
      upperSlack: missing.tilted + 1e-280,
      beyond: missing.beyond,
      lowerSlack: placed.slack,
      logScale,
    };
    return { pair, centre: this.centre() };
  }
}
