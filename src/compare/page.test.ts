import { expect, test } from "vitest";

import type { CellResult } from "./cell.js";
import type { GridRow } from "./grid.js";
import { type ComparisonPage, renderComparison } from "./page.js";
import { publishedFigure } from "./published.js";
import { spreadOf } from "./summary.js";
import { comparisonTable } from "./table.js";

const run = (accuracy: number): CellResult => ({
  score: { accuracy, macroF1: accuracy / 2 },
  steps: 700,
  directions: 64,
  lossEvaluations: 22_937_600,
  forwardPasses: 18_411.6,
  seconds: 10,
});
const rows: readonly GridRow[] = [
  { variant: { name: "zero-shot", method: "zero-shot", candidates: [] }, devScores: [], runs: [run(0.5)] },
  {
    variant: { name: "dp-zopo", method: "dp-zopo", candidates: [] },
    epsilon: 4,
    devScores: [],
    chosen: { method: "dp-zopo", learningRate: 0.5, maskRatio: [0.1] },
    runs: [run(0.7), run(0.74)],
  },
];
const page: ComparisonPage = {
  task: "sst2",
  baseName: "<script>alert(1)</script>",
  rows,
  delta: 1e-5,
  seeds: 2,
  forwardPasses: 20_000,
  records: { train: 8000, dev: 2000, test: 872 },
  largerClass: 0.509,
  versions: { dpzo: "0.1.0" },
};

test("mean, spread, counts and the paper's figure stand in the table", () => {
  const html = renderComparison(page);
  expect(html).toContain("72.0\u00a0% ± 2.8");
  expect(html).toContain("36.0\u00a0% ± 1.4");
  expect(html).toContain("22,937,600");
  expect(html).toContain("18,412");
  expect(html).toContain("93.6\u00a0%");
  expect(html).toContain("learning rate 0.5, mask ratio 0.1");
  expect(html).toContain("No epsilon of this page is of the whole page");
});

test("nothing that is put in becomes markup, and nothing is fetched", () => {
  const html = renderComparison(page);
  expect(html).not.toContain("<script");
  expect(html).toContain("&lt;script&gt;");
  expect(html).not.toMatch(/\b(?:src|href)=/u);
});

test("the paper's figures stand beside the methods they are of, and beside nothing else", () => {
  expect(publishedFigure("dp-zopo", "sst5", 4)?.accuracy).toBeCloseTo(0.511, 12);
  expect(publishedFigure("zero-shot", "trec", undefined)?.accuracy).toBeCloseTo(0.32, 12);
  expect(publishedFigure("dp-zopo", "sst2", 3)).toBeUndefined();
  expect(publishedFigure("dp-zopo", "agnews", 4)).toBeUndefined();
  expect(publishedFigure("dp-aggzo", "sst2", 4)).toBeUndefined();
  const variant = { name: "my own", method: "dp-zopo", candidates: [] } as const;
  const [row] = comparisonTable([{ variant, epsilon: 4, devScores: [], runs: [run(0.7)] }], "sst2");
  expect(row?.published).toBeUndefined();
});

test("the spread is the sample's", () => {
  expect(spreadOf([1, 2, 3, 6])).toEqual({
    count: 4,
    mean: 3,
    deviation: Math.sqrt((4 + 1 + 0 + 9) / 3),
    least: 1,
    largest: 6,
  });
  expect(spreadOf([0.5])).toEqual({ count: 1, mean: 0.5, least: 0.5, largest: 0.5 });
});
