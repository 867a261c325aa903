/**
 * The tables of docs/theory.md, computed. `npx tsx tools/figures/theory-table.ts` writes them into the page;
 * test/theory-table.test.ts fails when the page is not what this computes.
 */
import { pathToFileURL } from "node:url";

import {
  compareComposition,
  compareDirections,
  compareDpZero,
  compareGroup,
  compareKIndependence,
  compareLaplace,
  compareLaplacePure,
  compareMoments,
  type Comparison,
  gaussianLimitConstant,
  neededMomentsConstant,
  plannedSignal,
  signalToNoiseCeiling,
  usefulDirections,
} from "../../src/theory/index.js";
import { figure, table, writeGenerated } from "./generated.js";

const delta = 1e-5;
const demo = { delta, samplingRate: 1 / 16, steps: 1000 };

function cells({ closedForm, numeric, ratio }: Comparison): string[] {
  return [closedForm, numeric, ratio].map(figure);
}

function noiseTable(): string {
  const targets = [0.5, 1, 2, 6];
  const dpZero = targets.map((epsilon) => {
    const run = { epsilon, delta, steps: 1000, records: 1024, clipThreshold: 1 };
    return ["DPZero's theorem, full batches, T = 1,000", epsilon, ...cells(compareDpZero(run)), ""];
  });
  const moments = targets.map((epsilon) => {
    const run = { ...demo, epsilon, constant: gaussianLimitConstant };
    return [
      "moments form, c2 = sqrt(2), q = 1/16, T = 1,000",
      epsilon,
      ...cells(compareMoments(run)),
      figure(neededMomentsConstant(run)),
    ];
  });
  return table(
    ["closed form, delta 1e-5", "epsilon", "its noise multiplier", "accountant's", "ratio", "c2 it takes"],
    [...dpZero, ...moments],
  );
}

function epsilonTable(): string {
  const laplace = { releaseEpsilon: 0.1, samplingRate: 1 / 16, steps: 600 };
  const laplaceName = "Laplace, e0 = 0.1, q = 1/16, T = 600";
  const at = compareLaplace(laplace, delta);
  return table(
    ["run", "closed form", "delta", "its epsilon", "accountant's", "ratio"],
    [
      [laplaceName, "basic composition", 0, ...cells(compareLaplacePure(laplace))],
      [laplaceName, "basic composition", "1e-5", ...cells(at.basic)],
      [laplaceName, "advanced (Dwork, Rothblum, Vadhan)", "1e-5", ...cells(at.advanced)],
      [laplaceName, "advanced (Kairouz, Oh, Viswanath)", "1e-5", ...cells(at.kairouz)],
      ...[0.1, 0.01].map((stepEpsilon) => {
        const steps = Math.round(1 / stepEpsilon ** 2);
        return [
          `randomised response, e = ${stepEpsilon}, T = ${steps.toLocaleString("en")}`,
          "advanced (Kairouz, Oh, Viswanath)",
          "1e-5",
          ...cells(compareComposition({ stepEpsilon, steps, delta })),
        ];
      }),
      ...[2, 3, 5].map((records) => {
        const group = compareGroup({ noiseMultiplier: 4, epsilon: 1, records });
        return [
          `Gaussian, sigma = 4, group of ${records}`,
          "group form from epsilon 1",
          "its own",
          ...cells(group),
        ];
      }),
    ],
  );
}

function directionsTable(): string {
  return table(
    [
      "K",
      "vector clip",
      "on dpzo's lattice",
      "clip of each scalar, noise of one",
      "the same by the wrong count",
    ],
    [1, 4, 16, 64].map((directions) => {
      const run = { ...demo, noiseMultiplier: 4.105, directions };
      const { vector, scalar, wrongCount } = compareDirections(run);
      const lattice = compareKIndependence({ ...run, latticeSensitivity: 2 ** 20 }).numeric;
      return [directions, ...[vector, lattice, scalar, wrongCount].map(figure)];
    }),
  );
}

function signalTable(): string {
  const target = { epsilon: 2, delta, records: 1024 };
  const runs = [
    [8, 1000],
    [64, 100],
    [64, 1000],
    [64, 6000],
    [256, 1000],
    [1024, 1000],
  ] as const;
  const rows = runs.map(([batch, steps]) => {
    const run = plannedSignal({ ...target, batch, steps });
    const useful = usefulDirections({ alignment: 0.3, batch, noiseMultiplier: run.noiseMultiplier });
    return [
      batch,
      steps,
      figure(run.noiseMultiplier),
      figure(run.signalToNoise),
      figure(run.shareOfCeiling),
      figure(useful),
    ];
  });
  const ceiling = figure(signalToNoiseCeiling(target));
  return table(["B", "T", "sigma", "sqrt(T) B / sigma", `of the ceiling, ${ceiling}`, "K* at rho 0.3"], rows);
}

/** The generated part of docs/theory.md. */
export function theoryTables(): string {
  return [
    "### Noise",
    noiseTable(),
    "### Epsilon",
    epsilonTable(),
    "### Directions",
    "Epsilon at delta 1e-5 of q = 1/16, T = 1,000 and noise of 4.105 clip thresholds a coordinate.",
    directionsTable(),
    "### Signal",
    "n = 1,024, epsilon 2, delta 1e-5.",
    signalTable(),
  ].join("\n\n");
}

/** The name that stands in the page's marker. */
export const theoryScript = "tools/figures/theory-table.ts";

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeGenerated("docs/theory.md", theoryScript, theoryTables());
}
