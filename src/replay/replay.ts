import { hexToBytes } from "@noble/hashes/utils.js";

import {
  type DirectionEngine,
  directionScale,
  type DirectionStream,
  updateKept,
} from "../directions/index.js";
import type { LedgerEntry } from "../ledger/index.js";
import type { Mask, TensorMask } from "../masks/index.js";
import { type PlanStage, type RunPlan, stageSampling, stageUnit } from "../plan/index.js";
import { clipThresholdAfter } from "./adaptive-clip.js";
import { shrinkageFactor } from "./shrinkage.js";
import { enterStage, type ReplayState, tensorOf } from "./stage-state.js";

export { initialState, type ReplayState, type Weights } from "./stage-state.js";

/**
 * Applies one released step to the weights: the only place where they change, in training and in replay.
 *
 * theta <- (theta + a l theta_stage - a g) / (1 + a l), g = (1/K) sum_k r_k z_k / B, with a the learning rate,
 * l the proximal strength, r_k the released sums in real units and B the public expected batch. Under a mask that is
 * done to the kept weights, and to no other.
 *
 * Guarantees:
 * - A pure function of (state, plan, entry): no private value, no clock, no randomness.
 * - Bit-exact on every platform: float32 operations in a fixed order (see `directions`).
 * - A lost step changes nothing.
 *
 * @see methods.md 1.4 (closed form of the proximal step), 1.5 (masks), 1.6
 */
export function applyStep(
  state: ReplayState,
  plan: RunPlan,
  entry: LedgerEntry,
  engine: DirectionEngine,
): void {
  const stage = enterStage(state, plan, entry.stage, engine);
  if (entry.values === undefined) return;
  const differences = entry.values.slice(0, stage.directions);
  const shrinkage = shrinkageFactor(state.shrinkage, plan, differences);
  const coefficients = updateCoefficients(plan, stage, differences, state.clipThreshold, shrinkage);
  state.clipThreshold = clipThresholdAfter(plan, stage, state.clipThreshold, entry.values);
  const mask = state.masks.get(entry.stage);
  const streams = stepStreams(plan, stage, entry.step, state.weights, engine, mask);
  const pull = stage.learningRate * stage.proximal;
  for (const tensor of stage.tensors) {
    const weights = tensorOf(state.weights, tensor);
    const anchor = state.anchors.get(tensor);
    const along = streams(tensor);
    if (mask === undefined) {
      engine.update(weights, anchor, along, coefficients, stage.learningRate, pull);
    } else {
      const kept = keptOf(mask, tensor);
      updateKept(engine, weights, kept, anchor, along, coefficients, stage.learningRate, pull);
    }
  }
}

/** Applies every entry in order: what `dpzo replay` does, and how a killed run finds its weights again. */
export function replay(
  state: ReplayState,
  plan: RunPlan,
  entries: Iterable<LedgerEntry>,
  engine: DirectionEngine,
): void {
  for (const entry of entries) applyStep(state, plan, entry, engine);
}

/** g_k = r_k * unit / (B K): the mean directional difference the step moves against, rounded to float32. */
function updateCoefficients(
  plan: RunPlan,
  stage: PlanStage,
  values: readonly number[],
  clipThreshold: number,
  shrinkage: number,
): Float32Array {
  const unit = stageUnit(plan, stage, clipThreshold);
  const divisor = stageSampling(plan, stage).expectedBatch * stage.directions;
  return Float32Array.from(values, (value) => ((value * unit) / divisor) * shrinkage);
}

/**
 * The K direction streams of a step, for any tensor of its stage.
 *
 * For the sphere, all directions are scaled to norm sqrt(d) over all weights that move together.
 */
export function stepStreams(
  plan: RunPlan,
  stage: PlanStage,
  step: number,
  weights: ReadonlyMap<string, Float32Array>,
  engine: DirectionEngine,
  mask?: Mask,
): (tensor: string) => readonly DirectionStream[] {
  const { distribution } = plan.directions;
  const runSeed = hexToBytes(plan.directions.runSeed);
  const lengths = stage.tensors.map((name) => ({
    name,
    length: mask === undefined ? tensorOf(weights, name).length : keptOf(mask, name).indices.length,
  }));
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

/** What a mask keeps of a tensor: nothing where it does not name it. */
function keptOf(mask: Mask, tensor: string): TensorMask {
  return mask.get(tensor) ?? nothing;
}

const nothing: TensorMask = { indices: new Uint32Array() };
