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
export {
  type Adapter,
  architectures,
  countParameters,
  describeModel,
  type LoadedModel,
  loadModel,
  type LoraAdapter,
  type ModelDescription,
  ModelError,
  type ModelStage,
  type PrefixAdapter,
  selectTensors,
  withAdapter,
} from "./model/index.js";
export {
  epsilonCurve,
  type EpsilonPoint,
  isPrivate,
  makeNonPrivatePlan,
  makePlan,
  type NonPrivatePlan,
  type Plan,
  PlanError,
  planEvent,
  type PlanInputs,
  type PlanStage,
  readPlan,
  readRunPlan,
  type RunPlan,
  type TaskConfig,
  taskConfigSchema,
  type TrainConfig,
  type TrainConfigInput,
  trainConfigSchema,
} from "./plan/index.js";
export { type PublicEvaluation, renderReport, type ReportInput } from "./report/index.js";
export {
  applyStep,
  initialState,
  replay,
  ReplayError,
  replayLedger,
  replayModel,
  type ReplayState,
  type Weights,
} from "./replay/index.js";
export {
  type InferenceRuntime,
  RuntimeError,
  type Session,
  StageRunner,
  type Tensor,
} from "./runtime/index.js";
export { selfTest } from "./measure/index.js";
export { operatingSystemRandom } from "./sampling/index.js";
export {
  dpAggzo,
  dpZero,
  dpZo,
  dpZopo,
  type DpZopoSettings,
  dpZoso,
  type DpZosoSettings,
  mezo,
  type PlainSettings,
  type ScheduleStage,
} from "./schedule/index.js";
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
export {
  type Demonstrations,
  evaluate,
  prepareModel,
  readExamples,
  type RunResult,
  type TaskMetrics,
  train,
  type TrainEvent,
  type TrainRequest,
  type TrainResult,
  trainWithoutPrivacy,
} from "./train/index.js";
export {
  type CheckedLedger,
  checkLedger,
  guaranteeInWords,
  type VerifiedLedger,
  verifyLedger,
} from "./verify/index.js";
