export { clipThresholdsSoFar } from "./adaptive-clip.js";
export { ReplayError } from "./errors.js";
export { maskSummaries, type MaskSummary } from "./mask-summary.js";
export { wideningWords, writeModelFolder } from "./model-folder.js";
export { checkBase, replayLedger, replayModel } from "./replay-model.js";
export { applyStep, initialState, replay, type ReplayState, stepStreams, type Weights } from "./replay.js";
export { effectiveSmoothing, enterStage } from "./stage-state.js";
