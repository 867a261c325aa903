import { accumulate, zeros } from "./arrays.js";
import { binBoundary, placeBins } from "./lower-measure.js";
import type { GridPair } from "./measure.js";
import { spend } from "./work.js";

/** Longest grid of one release; a wider step is taken instead, and bounds get looser instead of slower. */
const longestGrid = 1 << 18;

/** Thrown when a grid would be too long; the caller widens the step. */
export class GridTooLong extends Error {}

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

/** A discretised loss, and how far the barycentre of its fullest bin is above that bin's grid point. */
export interface Discretised {
  readonly pair: GridPair;
  readonly offset: number;
}

/** Collects point masses of a loss distribution on a grid, see {@link splatter}. */
export interface Splatter {
  /** Index of the cell that `loss` lies in. */
  cell(loss: number): number;
  /**
   * Adds probability exp(logProbability) at `loss`. `upperBin` overrides which bin of the lower measure it goes to:
   * that of the cell's lower end (false) or upper end (true).
   */
  add(logProbability: number, loss: number, cell?: number, upperBin?: boolean): void;
  /** Both measures, and what was not added. */
  finish(missing: Missing): Discretised;
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
export function splatter(
  { step, origin, tilt, logScale }: Grid,
  lossMinimum: number,
  lossMaximum: number,
): Splatter {
  const start = Math.floor((lossMinimum - origin) / step - 1e-9) - 1;
  const last = Math.ceil((lossMaximum - origin) / step + 1e-9) + 1;
  const lastCell = Math.ceil((lossMaximum - origin) / step - 1e-7) - 1;
  const length = last - start + 1;
  if (!(length <= longestGrid)) throw new GridTooLong();
  spend(4 * length);
  const upper = zeros(length);
  const mass = zeros(length);
  const excess = zeros(length);
  const boundary = binBoundary(step);
  const shrink = Math.expm1(-step);
  const grow = Math.exp(step);
  const up = Math.exp(tilt * step);
  const cellOf = (loss: number): number => Math.floor((loss - origin) / step);
  return {
    cell: cellOf,
    add: (logProbability, loss, cell = cellOf(loss), upperBin) => {
      spend(10);
      const at = origin + cell * step;
      const offset = Math.min(step, Math.max(0, loss - at));
      const base = Math.exp(logProbability + tilt * at - logScale);
      if (base === 0) return;
      const i = cell - start;
      const shrunk = Math.expm1(-offset);
      const share = shrunk / shrink;
      const raised = base * up;
      accumulate(upper, i, base * (1 - share));
      accumulate(upper, i + 1, raised * share);
      // Nothing lies above the last cell, so only what is at its very end makes a bin there.
      const atTop = cell === lastCell && offset < step * (1 - 1e-7);
      if (!atTop && (upperBin ?? offset > boundary)) {
        accumulate(mass, i + 1, raised);
        accumulate(excess, i + 1, raised * (1 - grow * (1 + shrunk)));
      } else {
        accumulate(mass, i, base);
        accumulate(excess, i, -base * shrunk);
      }
    },
    finish: ({ tilted, beyond }) => {
      // What underflowed to nothing is far below 1e-280 in all.
      const upperSlack = tilted + 1e-280;
      const { lower, slack: lowerSlack } = placeBins({ mass, excess, step, tilt });
      const fullest = mass.indexOf(mass.reduce((most, one) => Math.max(most, one)));
      const offset = -Math.log1p(-(excess[fullest] as number) / (mass[fullest] as number));
      return {
        pair: { step, origin, start, upper, lower, upperSlack, lowerSlack, logScale, beyond },
        offset,
      };
    },
  };
}
