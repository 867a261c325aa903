import { hexToBytes } from "@noble/hashes/utils.js";

import { type DirectionEngine, directionScale, type DirectionStream } from "../directions/index.js";
import { ReplayError } from "./errors.js";
import type { LedgerEntry } from "../ledger/index.js";
import type { Plan, PlanStage } from "../plan/plan.js";

/** Canonical float32 weights by tensor name. Only {@link applyStep} writes to them (design, invariant 7). */
export type Weights = Map<string, Float32Array>;

/** What the update rule carries from step to step: the weights at the start of the current stage. */
export interface ReplayState {
  readonly weights: Weights;
  /** Index of the stage the anchors belong to; -1 before the first step. */
  anchorStage: number;
  /** theta_stage of the proximal pull; empty where a stage has none. */
  anchors: ReadonlyMap<string, Float32Array>;
}

/** The state before the first step, on weights that it will change in place. */
export function initialState(weights: Weights): ReplayState {
  return { weights, anchorStage: -1, anchors: new Map() };
}

/**
 * Applies one released step to the weights: the only place where they change, in training and in replay.
 *
 * theta <- (theta + a l theta_stage - a g) / (1 + a l), g = (1/K) sum_k r_k z_k / B, with a the learning rate,
 * l the proximal strength, r_k the released sums in real units and B the public expected batch.
 *
 * Guarantees:
 * - A pure function of (state, plan, entry): no private value, no clock, no randomness.
 * - Bit-exact on every platform: float32 operations in a fixed order (see `directions`).
 * - A lost step changes nothing.
 *
 * @see methods.md 1.4 (closed form of the proximal step), 1.6
 */
export function applyStep(state: ReplayState, plan: Plan, entry: LedgerEntry, engine: DirectionEngine): void {
  const stage = stageOf(plan, entry.stage);
  if (state.anchorStage !== entry.stage) {
    state.anchors = stage.proximal > 0 ? snapshot(state.weights, stage.tensors) : new Map();
    state.anchorStage = entry.stage;
  }
  if (entry.values === undefined) return;
  const coefficients = updateCoefficients(plan, stage, entry.values);
  const streams = stepStreams(plan, stage, entry.step, state.weights, engine);
  const pull = stage.learningRate * stage.proximal;
  for (const tensor of stage.tensors) {
    const weights = tensorOf(state.weights, tensor);
    const anchor = state.anchors.get(tensor);
    engine.update(weights, anchor, streams(tensor), coefficients, stage.learningRate, pull);
  }
}

/** Applies every entry in order: what `dpzo replay` does, and how a killed run finds its weights again. */
export function replay(
  state: ReplayState,
  plan: Plan,
  entries: Iterable<LedgerEntry>,
  engine: DirectionEngine,
): void {
  for (const entry of entries) applyStep(state, plan, entry, engine);
}

/** g_k = r_k (c / N) / (B K): the mean directional difference the step moves against, rounded to float32. */
function updateCoefficients(plan: Plan, stage: PlanStage, values: readonly number[]): Float32Array {
  const unit = stage.clipThreshold / plan.mechanism.latticeSensitivity;
  return Float32Array.from(
    values,
    (value) => (value * unit) / (plan.sampling.expectedBatch * stage.directions),
  );
}

/**
 * The K direction streams of a step, for any tensor of its stage.
 *
 * For the sphere, all directions are scaled to norm sqrt(d) over all trained weights together.
 */
export function stepStreams(
  plan: Plan,
  stage: PlanStage,
  step: number,
  weights: ReadonlyMap<string, Float32Array>,
  engine: DirectionEngine,
): (tensor: string) => readonly DirectionStream[] {
  const { distribution } = plan.directions;
  const runSeed = hexToBytes(plan.directions.runSeed);
  const lengths = stage.tensors.map((name) => ({ name, length: tensorOf(weights, name).length }));
  const directions = Array.from({ length: stage.directions }, (_, direction) => {
    const stream = { runSeed, step, direction, distribution };
    return { ...stream, scale: directionScale(engine, stream, lengths) };
  });
  const byTensor = new Map<string, readonly DirectionStream[]>();
  return (tensor) => {
    const known = byTensor.get(tensor);
    if (known !== undefined) return known;
    const streams = directions.map((direction) => ({ ...direction, tensor }));
    byTensor.set(tensor, streams);
    return streams;
  };
}

function snapshot(
  weights: ReadonlyMap<string, Float32Array>,
  names: readonly string[],
): Map<string, Float32Array> {
  return new Map(names.map((name) => [name, tensorOf(weights, name).slice()]));
}

function stageOf(plan: Plan, index: number): PlanStage {
  const stage = plan.stages[index];
  if (stage === undefined) {
    throw new ReplayError("unknown-stage", {
      message: `A step names stage ${index}, and the plan has ${plan.stages.length}.`,
      value: index,
    });
  }
  return stage;
}

function tensorOf(weights: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const tensor = weights.get(name);
  if (tensor === undefined) {
    throw new ReplayError("unknown-tensor", {
      message: `The plan trains ${name}, which the checkpoint does not have.`,
      value: name,
      next: "Give the base checkpoint the run started from; its digest is in the ledger.",
    });
  }
  return tensor;
}
