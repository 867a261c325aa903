import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { calibrateNoiseMultiplier, epsilon } from "../accounting/index.js";
import { maximumRecords } from "../mechanism/index.js";
import type { ModelDescription } from "../model/description.js";
import { selectTensors } from "../model/selection.js";
import { type RandomBytes, samplingRate } from "../sampling/index.js";
import { dpZoso } from "../schedule/stages.js";
import type { TrainConfig } from "./config.js";
import { PlanError } from "./errors.js";
import { planEvent, type SpendingPlan } from "./event.js";
import { latticeSensitivity, type Plan, type PlanStage } from "./plan.js";

/** What a plan is made of besides the configuration: all public. */
export interface PlanInputs {
  readonly config: TrainConfig;
  readonly description: ModelDescription;
  /** Digest of the base checkpoint. */
  readonly baseDigest: string;
  readonly task: Plan["task"];
  /** n: the number of records, as a public figure. */
  readonly publicSize: number;
  /** Gives the run seed of the directions where the configuration has none. */
  readonly random: RandomBytes;
}

/**
 * Turns a configuration into the one plan of a run: sampler, clip, noise and accountant from the same numbers.
 *
 * Guarantees:
 * - The epsilon of the plan's own event at its delta, by the accountant's upper bound, is at most
 *   `config.epsilon`.
 * - Nothing in the plan depends on a record's content.
 *
 * @throws {PlanError} `delta-too-large` for delta >= 1 / n; `batch-too-large`; `budget-unreachable`.
 */
export function makePlan(inputs: PlanInputs): Plan {
  const { config, publicSize } = inputs;
  checkDelta(config.delta, publicSize);
  checkSize(config.batch, publicSize);
  const stages = planStages(config, inputs.description);
  const sampling: Plan["sampling"] = {
    kind: "poisson",
    expectedBatch: config.batch,
    numerator: samplingRate(config.batch, publicSize).numerator,
    denominator: 2 ** 32,
  };
  const { mechanism, spent } = calibrateMechanism({ sampling, stages }, config.epsilon, config.delta);
  return {
    format: "dpzo-plan/1",
    method: config.method,
    base: { architecture: inputs.description.architecture, digest: inputs.baseDigest },
    task: inputs.task,
    privacy: {
      unit: "record",
      neighbouring: "add-or-remove-one",
      publicSize,
      targetEpsilon: config.epsilon,
      delta: config.delta,
      epsilon: spent,
    },
    sampling,
    mechanism,
    directions: { distribution: config.distribution, runSeed: runSeed(config.seed, inputs.random) },
    stages,
  };
}

/** The method's schedule, with the selections resolved to tensor names. */
function planStages(config: TrainConfig, description: ModelDescription): PlanStage[] {
  const schedule = dpZoso({
    steps: config.steps,
    stages: config.stages,
    learningRate: config.learningRate,
    smoothing: [config.smoothing, config.smoothingEnd ?? config.smoothing],
    directions: config.directions,
    clipThreshold: config.clip,
    proximal: config.proximal,
    train: config.train,
  });
  return schedule.map((stage) => ({ ...stage, tensors: [...selectTensors(description, stage.train)] }));
}

/** The smallest integer standard deviation whose own event, on the lattice, stays within the budget. */
function calibrateMechanism(
  plan: Omit<SpendingPlan, "mechanism">,
  targetEpsilon: number,
  delta: number,
): { mechanism: Plan["mechanism"]; spent: number } {
  const steps = plan.stages.reduce((sum, stage) => sum + stage.steps, 0);
  const rate = plan.sampling.numerator / plan.sampling.denominator;
  const ideal = calibrateNoiseMultiplier({ epsilon: targetEpsilon, delta, samplingRate: rate, steps });
  let standardDeviation = Math.ceil(ideal * latticeSensitivity);
  // The lattice's own correction is about 1e-7 of epsilon: a few parts in ten million more noise covers it.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const mechanism = { kind: "discrete-gaussian", latticeSensitivity, standardDeviation } as const;
    const spent = epsilon(planEvent({ ...plan, mechanism }), delta).epsilon;
    if (spent <= targetEpsilon) return { mechanism, spent };
    standardDeviation = Math.ceil(standardDeviation * (1 + 1e-7 * 2 ** attempt));
  }
  throw new PlanError("budget-unreachable", {
    message: `No noise on the lattice keeps epsilon within ${targetEpsilon} at delta ${delta}.`,
    value: targetEpsilon,
    next: "Use fewer steps, a smaller batch or a larger epsilon.",
  });
}

/** The public seed of the directions: 32 bytes, from the given number or fresh. */
function runSeed(seed: number | undefined, random: RandomBytes): string {
  if (seed !== undefined) return bytesToHex(sha256(new TextEncoder().encode(`dpzo/run-seed/1\n${seed}`)));
  const bytes = new Uint8Array(32);
  random(bytes);
  return bytesToHex(bytes);
}

function checkDelta(delta: number, publicSize: number): void {
  if (delta < 1 / publicSize) return;
  throw new PlanError("delta-too-large", {
    message: `delta ${delta} is not below 1 / ${publicSize}.`,
    value: delta,
    expected: "a delta well below one over the number of records",
    next: "At delta = 1 / n, publishing one record at random would count as private. Use 1e-5 or less.",
  });
}

function checkSize(batch: number, publicSize: number): void {
  if (publicSize > maximumRecords({ latticeSensitivity })) {
    throw new PlanError("batch-too-large", {
      message: `${publicSize} records are more than exact integer sums allow.`,
      value: publicSize,
      expected: `at most ${maximumRecords({ latticeSensitivity })}`,
    });
  }
  if (batch > publicSize) {
    throw new PlanError("batch-too-large", {
      message: `The expected batch of ${batch} is larger than the ${publicSize} records.`,
      value: batch,
      expected: `at most ${publicSize}`,
      next: `Lower --batch.`,
    });
  }
}
