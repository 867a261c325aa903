import { type DirectionEngine, gatherKept } from "../directions/index.js";
import { encoderNetwork, makeMask, type Mask, maskSize, needsNetwork } from "../masks/index.js";
import type { ModelDescription } from "../model/index.js";
import type { PlanStage, RunPlan } from "../plan/index.js";
import { ReplayError } from "./errors.js";
import { clipThresholdAtStart } from "./adaptive-clip.js";
import { freshShrinkage, type ShrinkageState } from "./shrinkage.js";

/** Canonical float32 weights by tensor name. Only `applyStep` writes to them (design, invariant 7). */
export type Weights = Map<string, Float32Array>;

/** What the update rule carries from step to step; a function of base, plan and ledger so far. */
export interface ReplayState {
  readonly weights: Weights;
  /** The model, where masks need its shapes or its network. */
  readonly description: ModelDescription | undefined;
  /** Index of the stage that was entered last; -1 before the first step. */
  anchorStage: number;
  /** theta_stage of the proximal pull, of the kept weights only under a mask; empty where a stage has none. */
  anchors: ReadonlyMap<string, Float32Array>;
  /** The mask of each stage by its index, as far as they are made; none for a stage without. */
  readonly masks: Map<number, Mask>;
  shrinkage: ShrinkageState;
  /** c of the next step of the stage: the stage's own, but where it follows a quantile. */
  clipThreshold: number;
}

/**
 * The state before the first step, on weights that it will change in place.
 *
 * @param description needed for masks of rows and for scores on the model's network
 */
export function initialState(weights: Weights, description?: ModelDescription): ReplayState {
  return {
    weights,
    description,
    anchorStage: -1,
    anchors: new Map(),
    masks: new Map(),
    shrinkage: freshShrinkage(),
    clipThreshold: NaN,
  };
}

/**
 * Makes what is fixed at a stage's start: its mask, the anchors of the pull and the clip threshold. Entered again, it
 * changes nothing.
 *
 * Guarantees:
 * - Static masks of all stages are made on the base, before any weight has moved; the others on the weights as they
 *   are when their stage begins.
 *
 * @throws {ReplayError} `unknown-stage`, `unknown-tensor`; {MaskError}.
 */
export function enterStage(
  state: ReplayState,
  plan: RunPlan,
  index: number,
  engine: DirectionEngine,
): PlanStage {
  const stage = stageOf(plan, index);
  if (state.anchorStage === index) return stage;
  if (state.anchorStage === -1) makeStaticMasks(state, plan, engine);
  addMask(state, plan, index, engine);
  state.anchors = stage.proximal > 0 ? anchorsOf(state, stage, state.masks.get(index)) : new Map();
  state.clipThreshold = clipThresholdAtStart(stage, plan.stages[state.anchorStage], state.clipThreshold);
  state.anchorStage = index;
  state.shrinkage = freshShrinkage();
  return stage;
}

/**
 * phi of a stage: its smoothing, or over sqrt(weights that move) where that is a displacement.
 *
 * Replay does not use it, as losses are never computed again.
 */
export function effectiveSmoothing(state: ReplayState, stage: PlanStage, mask: Mask | undefined): number {
  if (stage.smoothingUnit !== "displacement") return stage.smoothing;
  const moved =
    mask === undefined
      ? stage.tensors.reduce((sum, name) => sum + tensorOf(state.weights, name).length, 0)
      : maskSize(mask);
  return stage.smoothing / Math.sqrt(Math.max(1, moved));
}

function makeStaticMasks(state: ReplayState, plan: RunPlan, engine: DirectionEngine): void {
  const made = new Map<string, Mask>();
  for (const [index, { mask, tensors }] of plan.stages.entries()) {
    if (mask?.strategy !== "static") continue;
    // Stages that describe one mask of the base have one.
    const described = JSON.stringify([mask, tensors]);
    const known = made.get(described);
    if (known !== undefined) state.masks.set(index, known);
    addMask(state, plan, index, engine);
    made.set(described, state.masks.get(index) ?? new Map());
  }
}

function addMask(state: ReplayState, plan: RunPlan, index: number, engine: DirectionEngine): void {
  const { mask: spec, tensors } = stageOf(plan, index);
  if (spec === undefined || state.masks.has(index)) return;
  for (const name of tensors) tensorOf(state.weights, name);
  const mask = makeMask({
    spec,
    stage: index,
    tensors,
    weights: state.weights,
    shapes: state.description?.tensors,
    startingAtZero: new Set(state.description?.adapter?.tensors),
    network: needsNetwork(spec) && state.description ? encoderNetwork(state.description) : undefined,
    engine,
    runSeed: plan.directions.runSeed,
    earlier: earlierMasks(state, index),
  });
  state.masks.set(index, mask);
}

function earlierMasks({ masks }: ReplayState, index: number): readonly Mask[] {
  return Array.from({ length: index }, (_, stage) => masks.get(stage) ?? new Map());
}

function anchorsOf(
  { weights }: ReplayState,
  { tensors }: PlanStage,
  mask: Mask | undefined,
): Map<string, Float32Array> {
  return new Map(
    tensors.map((name) => {
      const values = tensorOf(weights, name);
      const kept = mask?.get(name);
      return [name, kept === undefined ? values.slice() : gatherKept(values, kept.indices)];
    }),
  );
}

/** @throws {ReplayError} `unknown-stage` */
export function stageOf(plan: RunPlan, index: number): PlanStage {
  const stage = plan.stages[index];
  if (stage === undefined) {
    throw new ReplayError("unknown-stage", {
      message: `A step names stage ${index}, and the plan has ${plan.stages.length}.`,
      value: index,
    });
  }
  return stage;
}

/** @throws {ReplayError} `unknown-tensor` */
export function tensorOf(weights: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
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
