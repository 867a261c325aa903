import type { Method } from "../plan/index.js";

/** A figure of another publication, for the reader to set beside ours; the models differ. */
export interface PublishedFigure {
  readonly accuracy: number;
  readonly source: string;
}

const epsilons = [2, 4, 8] as const;
const tasks = ["sst2", "sst5", "snli", "mnli", "trec"] as const;
type Row = readonly [sst2: number, sst5: number, snli: number, mnli: number, trec: number];

/** In per cent, read off the paper's figure for RoBERTa-large; exact where the paper's text repeats one. */
const paper: Readonly<Partial<Record<Method | "zero-shot", Row | readonly [Row, Row, Row]>>> = {
  dpzero: [
    [93.1, 46.1, 78.0, 70.1, 87.4],
    [93.1, 46.6, 80.4, 69.4, 87.6],
    [93.6, 47.0, 80.9, 69.2, 87.2],
  ],
  "dp-zoso": [
    [92.9, 45.8, 76.8, 66.3, 83.4],
    [92.6, 42.0, 78.9, 67.3, 83.8],
    [93.2, 41.2, 76.5, 69.2, 84.2],
  ],
  "dp-zopo": [
    [92.8, 50.5, 80.1, 72.0, 91.4],
    [93.6, 51.1, 80.7, 74.9, 92.0],
    [93.6, 49.8, 81.4, 74.8, 91.8],
  ],
  "zero-shot": [79.0, 35.5, 50.2, 51.4, 32.0],
};

/** What the figures are of. */
export const paperSource =
  "arXiv 2402.07818, RoBERTa-large, 512 records a class, delta 1 / n, one seed, read off the figure";

/**
 * What the paper of DP-ZOSO and DP-ZOPO has for a method on a task at an epsilon.
 *
 * @returns nothing where the paper has no such figure
 * @example
 * publishedFigure("dp-zopo", "sst2", 4)?.accuracy; // 0.93599...
 */
export function publishedFigure(
  method: Method | "zero-shot",
  task: string,
  epsilon: number | undefined,
): PublishedFigure | undefined {
  const rows = paper[method];
  const column = tasks.findIndex((name) => name === task);
  if (rows === undefined || column < 0) return undefined;
  const row = isRow(rows) ? rows : rows[epsilons.findIndex((value) => value === epsilon)];
  const percent = row?.[column];
  return percent === undefined ? undefined : { accuracy: percent / 100, source: paperSource };
}

function isRow(rows: Row | readonly [Row, Row, Row]): rows is Row {
  return typeof rows[0] === "number";
}
