export { checkDerived } from "./check-derived.js";
export {
  type TaskConfig,
  taskConfigSchema,
  type TrainConfig,
  type TrainConfigInput,
  trainConfigSchema,
} from "./config.js";
export { epsilonCurve, type EpsilonPoint, epsilonSoFar } from "./epsilon-curve.js";
export { PlanError, type PlanErrorCode } from "./errors.js";
export { planEvent } from "./event.js";
export { makeNonPrivatePlan, makePlan, type PlanInputs, planSchedule } from "./make-plan.js";
export { type Method, methods } from "./method-defaults.js";
export {
  type LatticeStage,
  noiseDeviation,
  noiseMultiplierOf,
  releaseSchedule,
  stageLattice,
  stageUnit,
  valueCount,
} from "./noise.js";
export {
  isPrivate,
  type NonPrivatePlan,
  type Plan,
  type PlanStage,
  type RunPlan,
  stageSampling,
} from "./plan.js";
export { settingsPreset, settingsPresets } from "./presets.js";
export { notPrivate, planIdentity, readPlan, readRunPlan } from "./read-plan.js";
export { planUnit, recordsOfOneUnit, unitWords, type UnitWords } from "./unit.js";
