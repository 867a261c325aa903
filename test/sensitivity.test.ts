/**
 * What one record can change in a release, for every mode that a plan can have, on real forward passes: at most what the
 * plan's event says, and with a clip that always bites, no less. Both data sets get the same draws and the same noise.
 */
import { expect, test } from "vitest";

import { planEvent, type SpendingPlan } from "../src/plan/event.js";
import type { TrainConfigInput } from "../src/plan/config.js";
import { latticeSensitivity } from "../src/plan/plan.js";
import { tinyRecords } from "./support/tiny-model.js";
import { pairedSecret, tinyRun, type TinyRun } from "./support/tiny-run.js";

const one = { directions: undefined, stages: undefined };
const several = { directions: 5, stages: 1 };
const mask: Partial<TrainConfigInput> = { method: "dp-zopo", maskRatio: [0.05], train: ["all"] };

const modes: Readonly<Record<string, Partial<TrainConfigInput>>> = {
  "one direction": { ...one, method: "dpzero" },
  "several under one clip": { ...several, method: "dp-aggzo" },
  "a clip each": { ...several, method: "dp-aggzo", clipMode: "per-scalar" },
  "one-sided": { ...several, estimator: "one-sided" },
  "one-sided, a clip each": { ...several, estimator: "one-sided", clipMode: "per-scalar" },
  Laplace: { ...one, method: "dp-zo", delta: 0 },
  "Laplace, one-sided": { ...one, method: "dp-zo", delta: 0, estimator: "one-sided" },
  "a mask": { ...several, ...mask },
  "a mask of rows, rank factors, one-sided": {
    ...several,
    ...mask,
    maskGranularity: "row",
    maskRankWeights: true,
    estimator: "one-sided",
  },
  "a batch of the stage's own": { ...several, stageBatch: [30] },
  "a displacement": { ...several, smoothingUnit: "displacement", smoothing: 0.5 },
  shrinkage: { ...several, shrinkage: "james-stein" },
};

/** Every record has a difference of more than this in some direction, so the clip always bites. */
const tinyClip = 1e-7;

function run(config: Partial<TrainConfigInput>, records: number): Promise<TinyRun> {
  const settings = { batch: 40, epsilon: 100, steps: 1, clip: tinyClip, ...config };
  return tinyRun({ records: tinyRecords(records), config: settings, secret: pairedSecret(7, records) });
}

const firstValues = ({ result }: TinyRun): readonly number[] => result.verified.entries[0]!.values!;

for (const [name, config] of Object.entries(modes)) {
  test(`one record more moves a release by the sensitivity that is accounted for, and no further: ${name}`, async () => {
    const [less, more] = [await run(config, 39), await run(config, 40)];
    const moved = firstValues(more).map((value, k) => value - firstValues(less)[k]!);
    const squares = moved.reduce((sum, value) => sum + BigInt(value) ** 2n, 0n);
    expect(squares <= BigInt(latticeSensitivity) ** 2n).toBe(true);
    const { plan } = more.result.verified;
    const rate = (plan.stages[0]!.sampling?.numerator ?? plan.sampling.numerator) / 2 ** 32;
    // The last record is in the sample for sure only where everyone is.
    if (rate === 1) {
      const least = latticeSensitivity - plan.stages[0]!.directions;
      expect(Math.sqrt(Number(squares))).toBeGreaterThan(least);
    }
    expect(sensitivityOf(plan)).toBeCloseTo(latticeSensitivity, -1);
  });
}

/** The sensitivity in lattice units that the plan's event states for its noise. */
function sensitivityOf(plan: SpendingPlan): number {
  const event = planEvent(plan);
  const [part] = event.kind === "composed" ? event.events : [];
  if (part?.kind !== "repeated" || part.event.kind !== "poissonSampled") return Number.NaN;
  const noise = part.event.event;
  if (noise.kind === "discreteGaussian") return noise.sensitivity;
  return noise.kind === "laplace" && plan.mechanism.kind === "discrete-laplace"
    ? plan.mechanism.scale / noise.scale
    : Number.NaN;
}
