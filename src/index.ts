/**
 * dpzo: fine-tune language models under differential privacy with forward passes only.
 *
 * This entry runs in Node and in browsers: files and the inference runtime come in through adapters; those for
 * Node are in `dpzo/node`, the accountant by itself in `dpzo/accounting`.
 *
 * @module
 */
export { type Checkpoint, CheckpointError, openCheckpoint, writeCheckpoint } from "./checkpoint/index.js";
export {
  builtInVariants,
  type CellRequest,
  type CellResult,
  type CellStore,
  CompareError,
  comparisonTable,
  countPasses,
  type GridRequest,
  type GridRow,
  renderComparison,
  runCell,
  runGrid,
  variantsOf,
  Workbench,
} from "./compare/index.js";
export { createDirectionEngine, type DirectionEngine, type DirectionStream } from "./directions/index.js";
export { DpzoError, type ErrorDetails } from "./errors.js";
export { exportOnnx, type OnnxExport, type OnnxFolder, type OnnxOptions } from "./export/index.js";
export { type FolderReader, type FolderWriter, memoryFolder, type RandomAccessFile } from "./files.js";
export {
  type LedgerEntry,
  LedgerError,
  type LedgerFile,
  type MarkStore,
  type Opening,
  parseLedger,
} from "./ledger/index.js";
export { type Mask, MaskError, type MaskSpec } from "./masks/index.js";
export { type Adapter, type LoraAdapter, type PrefixAdapter, withAdapter } from "./model/adapter.js";
export type { ModelDescription, ModelStage } from "./model/description.js";
export { ModelError } from "./model/errors.js";
export { type LoadedModel, loadModel } from "./model/load.js";
export { architectures, countParameters, describeModel } from "./model/registry.js";
export { selectTensors } from "./model/selection.js";
export {
  type TaskConfig,
  taskConfigSchema,
  type TrainConfig,
  type TrainConfigInput,
  trainConfigSchema,
} from "./plan/config.js";
export { type EpsilonPoint, epsilonCurve } from "./plan/epsilon-curve.js";
export { PlanError } from "./plan/errors.js";
export { planEvent } from "./plan/event.js";
export { makeNonPrivatePlan, makePlan, type PlanInputs } from "./plan/make-plan.js";
export { isPrivate, type NonPrivatePlan, type Plan, type PlanStage, type RunPlan } from "./plan/plan.js";
export { readPlan, readRunPlan } from "./plan/read-plan.js";
export { type PublicEvaluation, renderReport, type ReportInput } from "./report/index.js";
export { ReplayError } from "./replay/errors.js";
export { replayLedger, replayModel } from "./replay/replay-model.js";
export { applyStep, initialState, replay, type ReplayState, type Weights } from "./replay/replay.js";
export { RuntimeError } from "./runtime/errors.js";
export type { InferenceRuntime, Session, Tensor } from "./runtime/runtime.js";
export { selfTest } from "./measure/self-test.js";
export { StageRunner } from "./runtime/stage-runner.js";
export { operatingSystemRandom } from "./sampling/index.js";
export {
  dpAggzo,
  dpZero,
  dpZo,
  dpZopo,
  type DpZopoSettings,
  mezo,
  type PlainSettings,
} from "./schedule/presets.js";
export { dpZoso, type DpZosoSettings, type ScheduleStage } from "./schedule/stages.js";
export {
  answerMetrics,
  type AnswerMetrics,
  classificationMetrics,
  createTask,
  type Example,
  namedTask,
  type Task,
  TaskError,
  type TaskRecord,
} from "./tasks/index.js";
export type { Demonstrations } from "./train/demonstrations.js";
export { evaluate, type TaskMetrics } from "./train/evaluate.js";
export { prepareModel, readExamples } from "./train/prepare.js";
export type { RunResult, TrainEvent, TrainRequest, TrainResult } from "./train/run.js";
export { train, trainWithoutPrivacy } from "./train/train.js";
export {
  type CheckedLedger,
  checkLedger,
  guaranteeInWords,
  type VerifiedLedger,
  verifyLedger,
} from "./verify/verify.js";
