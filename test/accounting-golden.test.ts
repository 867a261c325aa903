import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { calibrateNoiseMultiplier, epsilon, type Event } from "../src/accounting/index.js";
import { hasShared, sharedPath } from "./support/shared.js";

interface Phase {
  readonly samplingRate: number;
  readonly noiseMultiplier: number;
  readonly steps: number;
}

function rows<Row>(file: string): Row[] {
  const path = `golden/accounting/${file}`;
  if (!hasShared(path)) return [];
  const lines = readFileSync(sharedPath(path), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

function phasesEvent(phases: readonly Phase[]): Event {
  return {
    kind: "composed",
    events: phases.map(({ samplingRate, noiseMultiplier, steps }) => ({
      kind: "repeated",
      event: { kind: "poissonSampled", samplingRate, event: { kind: "gaussian", noiseMultiplier } },
      times: steps,
    })),
  };
}

const needs = "needs ../shared/golden/accounting";

for (const file of ["subsampled-gaussian.jsonl", "heterogeneous.jsonl"]) {
  test.skipIf(!hasShared(`golden/accounting/${file}`))(
    `${file}: the upper bound is never below the true epsilon, and within 1e-3 of it (${needs})`,
    { timeout: 900_000 },
    () => {
      let checked = 0;
      for (const row of rows<{ phases: Phase[]; delta: number; epsilonTrue?: number }>(file)) {
        if (row.epsilonTrue === undefined) continue;
        const answer = epsilon(phasesEvent(row.phases), row.delta);
        const where = JSON.stringify([row.phases, row.delta]);
        expect(answer.epsilon, where).toBeGreaterThanOrEqual(row.epsilonTrue * (1 - 1e-12));
        expect(answer.epsilon, where).toBeLessThanOrEqual(
          row.epsilonTrue + Math.max(1e-5, 1e-3 * row.epsilonTrue),
        );
        expect(answer.epsilonLower, where).toBeLessThanOrEqual(row.epsilonTrue * (1 + 1e-12) + 1e-12);
        checked += 1;
      }
      expect(checked).toBeGreaterThan(5);
    },
  );
}

test.skipIf(!hasShared("golden/accounting/calibration.jsonl"))(
  `calibration.jsonl: the noise is never below the true multiplier, and within 1e-3 of it (${needs})`,
  { timeout: 900_000 },
  () => {
    type Row = {
      samplingRate: number;
      steps: number;
      epsilon: number;
      delta: number;
      noiseMultiplierTrue: number;
    };
    for (const row of rows<Row>("calibration.jsonl")) {
      const noise = calibrateNoiseMultiplier(row);
      expect(noise, JSON.stringify(row)).toBeGreaterThanOrEqual(row.noiseMultiplierTrue * (1 - 1e-12));
      expect(noise, JSON.stringify(row)).toBeLessThanOrEqual(row.noiseMultiplierTrue * (1 + 1e-3));
    }
  },
);
