export { createDirectionEngine, type DirectionEngine } from "./engine.js";
export { DirectionError, type DirectionErrorCode } from "./errors.js";
export { directionScale, type TensorLength } from "./sphere.js";
export { type DirectionStream, type Distribution } from "./stream.js";
