import { publishedFigure, type PublishedFigure } from "./published.js";
import type { GridRow } from "./grid.js";
import { type Spread, spreadOf } from "./summary.js";

/** One line of the table that a comparison ends in. */
export interface TableRow {
  readonly name: string;
  readonly epsilon?: number;
  readonly accuracy: Spread;
  readonly macroF1: Spread;
  readonly steps: number;
  readonly directions: number;
  readonly lossEvaluations: number;
  readonly forwardPasses: number;
  /** Wall-clock seconds of a run, in the mean; of no use where other work shared the machine. */
  readonly seconds: number;
  /** The settings that were chosen, in short. */
  readonly settings: string;
  readonly published?: PublishedFigure;
}

/** The figures of a row of the grid, in per cent nowhere: all are shares and counts. */
export function comparisonTable(rows: readonly GridRow[], task: string): readonly TableRow[] {
  return rows.map(({ variant, epsilon, chosen, runs }) => {
    const [first] = runs;
    const isBuiltIn = variant.name === variant.method;
    const published = isBuiltIn ? publishedFigure(variant.method, task, epsilon) : undefined;
    return {
      name: variant.name,
      ...(epsilon !== undefined && { epsilon }),
      accuracy: spreadOf(runs.map(({ score }) => score.accuracy)),
      macroF1: spreadOf(runs.map(({ score }) => score.macroF1)),
      steps: first?.steps ?? 0,
      directions: first?.directions ?? 0,
      lossEvaluations: first?.lossEvaluations ?? 0,
      forwardPasses: first?.forwardPasses ?? 0,
      seconds: spreadOf(runs.map(({ seconds }) => seconds)).mean,
      settings: settingsInWords(chosen),
      ...(published && { published }),
    };
  });
}

/** `learning rate 0.1, clip 40, ...`: what was set, but for the steps, which have a column. */
function settingsInWords(chosen: GridRow["chosen"]): string {
  if (chosen === undefined) return "nothing is trained";
  return Object.entries(chosen)
    .filter(
      ([key, value]) => key !== "steps" && key !== "directions" && key !== "method" && value !== undefined,
    )
    .map(
      ([key, value]) => `${key.replace(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`,
    )
    .join(", ");
}
