export { createDirectionEngine, type DirectionEngine } from "./engine.js";
export { DirectionError, type DirectionErrorCode } from "./errors.js";
export { gatherKept, type KeptWeights, perturbKept, updateKept } from "./masked.js";
export { directionScale, type TensorLength } from "./sphere.js";
export { type DirectionStream, type Distribution } from "./stream.js";
