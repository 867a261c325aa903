export { adaptModel } from "./adapt-model.js";
export type { Demonstrations } from "./demonstrations.js";
export { TrainError, type TrainErrorCode } from "./errors.js";
export { evaluate, isAnswerMetrics, type TaskMetrics } from "./evaluate.js";
export { evaluationIsTraining } from "./evaluation-set.js";
export { plannedTask } from "./planned-task.js";
export { refuseForeignTokens, type TokenBounds } from "./preflight-tokens.js";
export { preflight, sideFileBytes } from "./preflight.js";
export {
  openTokenizer,
  planTask,
  type PreparedModel,
  prepareModel,
  prepareTask,
  readExamples,
} from "./prepare.js";
export { type RunResult, type TrainEvent, type TrainRequest, type TrainResult } from "./run.js";
export { stageMeasure } from "./stage-measure.js";
export { runSteps } from "./steps.js";
export { train, trainWithoutPrivacy } from "./train.js";
