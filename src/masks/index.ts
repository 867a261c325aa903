export { encoderNetwork } from "./encoder-network.js";
export { MaskError, type MaskErrorCode } from "./errors.js";
export type { LinearNetwork } from "./linear-network.js";
export { makeMask, type MaskInputs } from "./make-mask.js";
export { keptTensors, type Mask, maskDigest, maskSize, rangeOfIndices, type TensorMask } from "./mask.js";
export {
  type MaskGranularity,
  type MaskScore,
  type MaskSpec,
  type MaskStrategy,
  needsNetwork,
  type RankWeights,
} from "./spec.js";
