import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a model's configuration or what is asked of it. */
export type ModelErrorCode =
  | "unknown-architecture"
  | "config-field-missing"
  | "config-field-unsupported"
  | "tensor-missing"
  | "tensor-shape"
  | "unknown-selection"
  | "unknown-adapter-module"
  | "adapter-unsupported"
  | "unknown-objective"
  | "too-many-tokens";

/** Thrown when a config cannot be turned into stages that are certain to be right. */
export class ModelError extends DpzoError<ModelErrorCode> {}
