import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import {
  calibrateNoiseMultiplier,
  composed,
  discreteGaussian,
  epsilon,
  type Event,
  gaussian,
  gaussianLogDelta,
  laplace,
  poissonSampled,
  pureEpsilon,
  rdpEpsilon,
  repeated,
} from "./index.js";

const folder = fileURLToPath(new URL("../../../shared/golden/accounting/", import.meta.url));
const present = existsSync(folder);

type Row = Record<string, number> & {
  phases: { samplingRate: number; noiseMultiplier: number; steps: number }[];
};

const rows = (file: string): Row[] =>
  readFileSync(`${folder}${file}.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

/** What the golden folder's README calls good: 1e-4 relative or 1e-5 absolute, the larger. */
const tolerance = (truth: number): number => Math.max(1e-4 * truth, 1e-5);

function verdict(row: Row, event: Event): string | undefined {
  const answer = epsilon(event, row["delta"]!);
  const { epsilonTrue } = row;
  const high = epsilonTrue ?? row["pldConnectDots1e-5"] ?? row["pldPessimistic1e-5"] ?? row["epsilonPure"]!;
  const low = epsilonTrue ?? row["pldOptimistic1e-5"] ?? row["pldOptimistic1e-4"] ?? row["epsilonPure"]!;
  const good =
    epsilonTrue === undefined
      ? answer.epsilon >= low - tolerance(low) &&
        answer.epsilon <= high + tolerance(high) &&
        answer.epsilonLower <= high
      : answer.epsilon >= epsilonTrue &&
        answer.epsilon - epsilonTrue <= tolerance(epsilonTrue) &&
        answer.epsilonLower <= epsilonTrue &&
        epsilonTrue - answer.epsilonLower <= 10 * tolerance(epsilonTrue);
  return good ? undefined : `${JSON.stringify(row)}: [${answer.epsilonLower}, ${answer.epsilon}]`;
}

const gaussianPhases = ({ phases }: Row): Event =>
  composed(
    phases.map(({ samplingRate, noiseMultiplier, steps }) =>
      repeated(poissonSampled(samplingRate, gaussian(noiseMultiplier)), steps),
    ),
  );

describe("golden figures of ../shared/golden/accounting", () => {
  test.skipIf(!present)(
    "the upper bound is never below the truth and within tolerance, the lower never above: needs ../shared/golden/accounting/subsampled-gaussian.jsonl",
    () => {
      expect(rows("subsampled-gaussian").flatMap((row) => verdict(row, gaussianPhases(row)) ?? [])).toEqual(
        [],
      );
    },
  );

  test.skipIf(!present)(
    "the same for several phases: needs ../shared/golden/accounting/heterogeneous.jsonl",
    () => {
      expect(rows("heterogeneous").flatMap((row) => verdict(row, gaussianPhases(row)) ?? [])).toEqual([]);
    },
  );

  test.skipIf(!present)(
    "the same for Laplace noise, and pure epsilon: needs ../shared/golden/accounting/laplace.jsonl",
    () => {
      const failures = rows("laplace").flatMap((row) => {
        const event = repeated(
          poissonSampled(row["samplingRate"]!, laplace(row["scaleOverSensitivity"]!)),
          row["steps"]!,
        );
        const pure = pureEpsilon(event);
        if (Math.abs(pure - row["epsilonPure"]!) > 1e-12 * pure)
          return [`pure ${pure}: ${JSON.stringify(row)}`];
        return verdict(row, event) ?? [];
      });
      expect(failures).toEqual([]);
    },
  );

  test.skipIf(!present)(
    "the same for the discrete Gaussian: needs ../shared/golden/accounting/discrete-gaussian.jsonl",
    () => {
      const failures = rows("discrete-gaussian").flatMap((row) => {
        const noise = discreteGaussian(row["standardDeviation"]!, row["sensitivity"]!);
        return verdict(row, repeated(poissonSampled(row["samplingRate"]!, noise), row["steps"]!)) ?? [];
      });
      expect(failures).toEqual([]);
    },
  );

  test.skipIf(!present)(
    "the closed form of the Gaussian agrees to 1e-12: needs ../shared/golden/accounting/gaussian-closed-form.jsonl",
    () => {
      for (const row of rows("gaussian-closed-form")) {
        const expected = Number(row["lnDelta"]);
        const got = gaussianLogDelta(row["epsilon"]!, row["sensitivityOverSigma"]!);
        expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
      }
    },
  );

  test.skipIf(!present)(
    "calibration is never below the truth and within 1e-4: needs ../shared/golden/accounting/calibration.jsonl",
    () => {
      const failures = rows("calibration").flatMap((row) => {
        const noise = calibrateNoiseMultiplier({
          epsilon: row["epsilon"]!,
          delta: row["delta"]!,
          samplingRate: row["samplingRate"]!,
          steps: row["steps"]!,
        });
        const excess = noise / row["noiseMultiplierTrue"]! - 1;
        return excess >= 0 && excess <= 1e-4 ? [] : [`${JSON.stringify(row)}: ${noise}`];
      });
      expect(failures).toEqual([]);
    },
  );

  test.skipIf(!present)(
    "RDP is never below the truth nor above Opacus' or Google's: needs ../shared/golden/accounting/*.jsonl",
    () => {
      for (const row of [...rows("subsampled-gaussian"), ...rows("heterogeneous")]) {
        const { epsilon: bound } = rdpEpsilon(gaussianPhases(row), row["delta"]!);
        if (row["epsilonTrue"] !== undefined) expect(bound).toBeGreaterThanOrEqual(row["epsilonTrue"]);
        expect(bound).toBeLessThanOrEqual(row["rdpGoogle"]! * (1 + 1e-6));
      }
    },
  );
});
