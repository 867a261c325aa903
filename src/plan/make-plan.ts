import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type * as z from "zod";

import { maximumRecords } from "../mechanism/index.js";
import { encoderNetwork, needsNetwork } from "../masks/index.js";
import { type ModelDescription, selectTensors, withAdapter } from "../model/index.js";
import { type RandomBytes, samplingRate } from "../sampling/index.js";
import { neededAdapter, requestedAdapter } from "./adapter.js";
import { calibrateMechanism } from "./calibrate-mechanism.js";
import { checkDelta as checkBelowOneOver } from "./check-derived.js";
import { checkPlan } from "./check-plan.js";
import type { TrainConfig } from "./config.js";
import { PlanError } from "./errors.js";
import { methodStages } from "./method-stages.js";
import {
  latticeSensitivity,
  type NonPrivatePlan,
  nonPrivatePlanSchema,
  type Plan,
  planSchema,
  planSchemaOfFormat1,
  type PlanStage,
} from "./plan.js";
import { notPrivate } from "./read-plan.js";
import { type PrivacyUnit, unitWords } from "./unit.js";

/** What a plan is made of besides the configuration: all public. */
export interface PlanInputs {
  readonly config: TrainConfig;
  readonly description: ModelDescription;
  /** Digest of the base checkpoint. */
  readonly baseDigest: string;
  readonly task: Plan["task"];
  /** n: the number of privacy units, which are records unless `config.unit` says otherwise, as a public figure. */
  readonly publicSize: number;
  /** Gives the run seed of the directions where the configuration has none. */
  readonly random: RandomBytes;
}

/**
 * Turns a configuration into the one plan of a private run: sampler, clip, noise and accountant from the same numbers.
 *
 * Guarantees:
 * - The epsilon of the plan's own event at its delta, by the accountant's upper bound, is at most
 *   `config.epsilon`.
 * - Nothing in the plan depends on a record's content.
 * - The format is the first that says everything, so that a plain run is still one that dpzo 0.1 reads.
 *
 * @throws {PlanError} `delta-too-large` for delta >= 1 / n; `batch-too-large`; `budget-unreachable`;
 *   `epsilon-missing`; `contradictory-settings`; `not-private` for mezo, which has no epsilon. {ScheduleError};
 *   {ModelError} for a selection; {MaskError} `no-linear-network` for a score that the model does not have.
 */
export function makePlan(inputs: PlanInputs): Plan {
  const { config, publicSize } = inputs;
  const { method } = config;
  if (method === "mezo") throw notPrivate(method);
  const targetEpsilon = requiredEpsilon(config);
  const kind = noiseKind(config);
  checkDelta(config, publicSize, kind);
  const { sampling, stages, rest } = commonParts(inputs);
  const { mechanism, spent } = calibrateMechanism({ sampling, stages }, kind, targetEpsilon, config.delta);
  const shrinkage = shrinkageOf(config);
  const plan: Plan = {
    format: "dpzo-plan/2",
    method,
    base: rest.base,
    task: rest.task,
    privacy: {
      unit: unitOf(config),
      neighbouring: "add-or-remove-one",
      publicSize,
      targetEpsilon,
      delta: config.delta,
      epsilon: spent,
    },
    sampling,
    mechanism,
    directions: rest.directions,
    ...(rest.adapter && { adapter: rest.adapter }),
    ...(shrinkage && { shrinkage }),
    stages,
  };
  checkPlan(plan);
  // Parsed, so that its keys stand in the format's order.
  const format1 = planSchemaOfFormat1.safeParse({ ...plan, format: "dpzo-plan/1" });
  return format1.success ? format1.data : inFormat(planSchema, plan);
}

/**
 * Turns a configuration of mezo into the plan of a run that keeps nothing private: no clip, no noise, no epsilon.
 *
 * @throws {PlanError} `batch-too-large`, `contradictory-settings`.
 */
export function makeNonPrivatePlan(inputs: PlanInputs): NonPrivatePlan {
  const { config, publicSize } = inputs;
  if (config.method !== "mezo") {
    throw new PlanError("contradictory-settings", {
      message: `${config.method} is a private method.`,
      value: config.method,
      expected: "mezo, the method without privacy",
    });
  }
  const { sampling, stages, rest } = commonParts(inputs);
  const plan: NonPrivatePlan = {
    format: "dpzo-plan/2",
    method: config.method,
    base: rest.base,
    task: rest.task,
    privacy: { private: false, publicSize },
    sampling,
    mechanism: { kind: "none", latticeSensitivity },
    directions: rest.directions,
    ...(rest.adapter && { adapter: rest.adapter }),
    stages,
  };
  return inFormat(nonPrivatePlanSchema, plan);
}

/** What settings ask for and no plan can hold is refused in words, by the field it would have gone into. */
function inFormat<Made>(schema: z.ZodType<Made>, plan: unknown): Made {
  const parsed = schema.safeParse(plan);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = (issue?.path ?? []).map(String);
  throw new PlanError("invalid-plan", {
    message: `The settings make a plan whose ${path.join(".")} is beyond what a plan can hold.`,
    value: path,
    expected: issue?.message ?? "a plan of format dpzo-plan/2",
    next: "Bring the setting that this follows from into range: see --help for each.",
  });
}

/**
 * A configuration's schedule, with what it trains and how it samples, before any noise is calibrated: what a run costs
 * follows from it.
 *
 * @throws as {@link makePlan}, but for what has to do with the budget.
 */
export function planSchedule(inputs: PlanInputs): Pick<Plan, "sampling" | "stages" | "adapter"> {
  const { sampling, stages, rest } = commonParts(inputs);
  return { sampling, stages, ...(rest.adapter && { adapter: rest.adapter }) };
}

/** What every plan has, private or not. */
function commonParts(inputs: PlanInputs): Pick<Plan, "sampling" | "stages"> & {
  readonly rest: Pick<Plan, "base" | "task" | "directions" | "adapter">;
} {
  const { config } = inputs;
  const requested = requestedAdapter(config, inputs.description);
  const description =
    requested === undefined ? inputs.description : withAdapter(inputs.description, requested);
  const stages = planStages({ ...inputs, description });
  const adapter = requested && neededAdapter(requested, description, stages);
  const base = { architecture: description.architecture, digest: inputs.baseDigest };
  const runSeed = runSeedOf(config.seed, inputs.random);
  return {
    sampling: { kind: "poisson", ...batchSampling(config.batch, inputs), denominator: 2 ** 32 },
    stages,
    rest: {
      base,
      task: inputs.task,
      directions: { distribution: config.distribution, runSeed },
      ...(adapter && { adapter }),
    },
  };
}

/** The method's schedule, with the selections resolved to tensor names and batches to sampling rates. */
function planStages(inputs: PlanInputs): PlanStage[] {
  const { config, description } = inputs;
  const stages = methodStages(config);
  // Refused now where the model has no such network, and not when the stage begins.
  if (stages.some(({ mask }) => mask !== undefined && needsNetwork(mask))) encoderNetwork(description);
  return stages.map(({ expectedBatch, ...stage }) => ({
    ...stage,
    tensors: [...selectTensors(description, stage.train)],
    ...(expectedBatch !== undefined &&
      expectedBatch !== config.batch && { sampling: batchSampling(expectedBatch, inputs) }),
  }));
}

function batchSampling(batch: number, inputs: PlanInputs): { expectedBatch: number; numerator: number } {
  const { publicSize } = inputs;
  checkSize(batch, inputs);
  return { expectedBatch: batch, numerator: samplingRate(batch, publicSize).numerator };
}

function unitOf({ unit }: TrainConfig): PrivacyUnit {
  return unit === undefined ? "record" : { column: unit };
}

function requiredEpsilon({ epsilon: target, method }: TrainConfig): number {
  if (target !== undefined) return target;
  throw new PlanError("epsilon-missing", {
    message: `${method} needs a privacy budget.`,
    expected: "--epsilon, the budget that the whole run may spend",
    next: "4 is a usual value; less is more private.",
  });
}

function noiseKind({ method, noise }: TrainConfig): Plan["mechanism"]["kind"] {
  const chosen = noise ?? (method === "dp-zo" ? "laplace" : "gaussian");
  return chosen === "laplace" ? "discrete-laplace" : "discrete-gaussian";
}

/** SAGE's constants: an average over about ten steps, set against its value after twenty. */
const sage = { rule: "sage", decay: 0.9, warmup: 20, least: 0.1 } as const;

function shrinkageOf({ shrinkage }: TrainConfig): Plan["shrinkage"] {
  switch (shrinkage) {
    case "none":
      return undefined;
    case "james-stein":
      return { rule: "james-stein" };
    case "sage":
      return sage;
  }
}

/** The public seed of the directions: 32 bytes, from the given number or fresh. */
function runSeedOf(seed: number | undefined, random: RandomBytes): string {
  if (seed !== undefined) return bytesToHex(sha256(new TextEncoder().encode(`dpzo/run-seed/1\n${seed}`)));
  const bytes = new Uint8Array(32);
  random(bytes);
  return bytesToHex(bytes);
}

function checkDelta(config: TrainConfig, publicSize: number, kind: Plan["mechanism"]["kind"]): void {
  const { delta } = config;
  const { name } = unitWords(unitOf(config));
  if (delta === 0 && kind !== "discrete-laplace") {
    throw new PlanError("contradictory-settings", {
      message: "The settings ask for delta 0 with Gaussian noise, which has no epsilon there.",
      value: delta,
      expected: "a delta above 0, or the Laplace noise of dp-zo",
    });
  }
  checkBelowOneOver(delta, publicSize, name);
}

function checkSize(batch: number, { config, publicSize }: PlanInputs): void {
  const { name } = unitWords(unitOf(config));
  if (publicSize > maximumRecords({ latticeSensitivity })) {
    throw new PlanError("batch-too-large", {
      message: `${publicSize} ${name}s are more than exact integer sums allow.`,
      value: publicSize,
      expected: `at most ${maximumRecords({ latticeSensitivity })}`,
    });
  }
  if (batch > publicSize) {
    throw new PlanError("batch-too-large", {
      message: `The expected batch of ${batch} is larger than the ${publicSize} ${name}s.`,
      value: batch,
      expected: `at most ${publicSize}`,
      next: `Lower --batch.`,
    });
  }
}
