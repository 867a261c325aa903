export { RuntimeError } from "./errors.js";
export { decodeGreedily } from "./generate.js";
export { compareWithGolden, parseGolden } from "./golden.js";
export { tokenLogLikelihoods } from "./likelihood.js";
export type { InferenceRuntime, Session, Tensor, WorkerHost, WorkerPort } from "./runtime.js";
export { type Activations, StageRunner, type WeightSource, weightSource } from "./stage-runner.js";
