import type { CellRequest, CellResult } from "./cell.js";
import type { Candidate, Variant } from "./settings.js";
import type { Score } from "./workbench.js";

/** What is compared. */
export interface GridRequest {
  readonly variants: readonly Variant[];
  readonly epsilons: readonly number[];
  readonly delta: number;
  /** Runs of each method at each epsilon with the settings that were chosen. */
  readonly seeds: number;
  readonly forwardPasses?: number;
}

/** One method at one epsilon: the settings that were chosen on dev, and their runs on test. */
export interface GridRow {
  readonly variant: Variant;
  /** Absent where there is no privacy, or nothing is trained. */
  readonly epsilon?: number;
  /** Of each candidate on dev, in their order; empty where there was nothing to choose. */
  readonly devScores: readonly Score[];
  readonly chosen?: Candidate;
  /** On test, one a seed. */
  readonly runs: readonly CellResult[];
}

/** Where finished runs are, so that a comparison that was stopped goes on. */
export interface CellStore {
  find(request: CellRequest): Promise<CellResult | undefined>;
  keep(request: CellRequest, result: CellResult): Promise<void>;
}

/** How the grid runs a cell, and what it tells. */
export interface GridRunner {
  readonly run: (request: CellRequest, what: string) => Promise<CellResult>;
  readonly store: CellStore;
  /** After each cell: how many are done of how many, and whether this one was found in the store. */
  readonly onCell?: (done: number, total: number, isStored: boolean) => void;
  readonly onRow?: (row: GridRow) => void;
}

/** Seed of the runs that settings are chosen by; those that are reported have 1, 2, ... */
const choosingSeed = 0;

/**
 * Runs a comparison: for each method and epsilon the candidates once on dev, then the best of them on test, seed by seed.
 *
 * Guarantees:
 * - Test is not looked at before the settings are chosen.
 * - Every finished run is kept before the next begins; the same request on the same store runs only what is missing.
 */
export async function runGrid(request: GridRequest, runner: GridRunner): Promise<readonly GridRow[]> {
  const total = countCells(request);
  let done = 0;
  const cell = async (cellRequest: CellRequest, what: string): Promise<CellResult> => {
    const stored = await runner.store.find(cellRequest);
    const result = stored ?? (await runner.run(cellRequest, what));
    if (stored === undefined) await runner.store.keep(cellRequest, result);
    done += 1;
    runner.onCell?.(done, total, stored !== undefined);
    return result;
  };
  const rows: GridRow[] = [];
  for (const { variant, epsilon } of gridRows(request)) {
    const row = await runRow(request, variant, epsilon, cell);
    rows.push(row);
    runner.onRow?.(row);
  }
  return rows;
}

async function runRow(
  { delta, seeds, forwardPasses }: GridRequest,
  variant: Variant,
  epsilon: number | undefined,
  cell: (request: CellRequest, what: string) => Promise<CellResult>,
): Promise<GridRow> {
  const common = {
    delta,
    ...(epsilon !== undefined && { epsilon }),
    ...(forwardPasses !== undefined && { forwardPasses }),
  };
  const name = epsilon === undefined ? variant.name : `${variant.name} at epsilon ${epsilon}`;
  const devScores: Score[] = [];
  const choices = variant.candidates.length > 1 ? variant.candidates : [];
  for (const [index, candidate] of choices.entries()) {
    const what = `${name}, choosing settings ${index + 1} of ${choices.length}`;
    const { score } = await cell({ ...common, candidate, seed: choosingSeed, split: "dev" }, what);
    devScores.push(score);
  }
  const chosen = variant.candidates[bestOf(devScores)];
  const runs: CellResult[] = [];
  for (let seed = 1; seed <= (chosen === undefined ? 1 : seeds); seed += 1) {
    const what = chosen === undefined ? name : `${name}, seed ${seed} of ${seeds}`;
    const request = { ...common, seed, split: "test" as const, ...(chosen && { candidate: chosen }) };
    runs.push(await cell(request, what));
  }
  const row = { variant, devScores, runs };
  return { ...row, ...(epsilon !== undefined && { epsilon }), ...(chosen && { chosen }) };
}

/** Methods at each epsilon; those without privacy once. */
function gridRows({ variants, epsilons }: GridRequest): { variant: Variant; epsilon?: number }[] {
  return variants.flatMap((variant) =>
    variant.method === "zero-shot" || variant.method === "mezo"
      ? [{ variant }]
      : epsilons.map((epsilon) => ({ variant, epsilon })),
  );
}

function countCells(request: GridRequest): number {
  return gridRows(request).reduce((sum, { variant: { candidates } }) => {
    const choices = candidates.length > 1 ? candidates.length : 0;
    return sum + choices + (candidates.length === 0 ? 1 : request.seeds);
  }, 0);
}

/** Index of the best accuracy, the first of equals. */
function bestOf(scores: readonly Score[]): number {
  return scores.reduce((best, { accuracy }, index) => {
    return accuracy > (scores[best]?.accuracy ?? -Infinity) ? index : best;
  }, 0);
}
