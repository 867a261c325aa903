export { drawDiscreteGaussian, drawDiscreteLaplace } from "./discrete-gaussian.js";
export { MechanismError, type MechanismErrorCode } from "./errors.js";
export { createMechanism, Release, type Mechanism } from "./mechanism.js";
export {
  createNonPrivateMechanism,
  type NonPrivateMechanism,
  type NonPrivateSpec,
  type NonPrivateSum,
} from "./non-private.js";
export {
  checkedMechanismSpec,
  type ClipRegion,
  type LaplaceMechanismSpec,
  latticeUnit,
  maximumRecords,
  mostDirections,
  noiseMultiplier,
  releaseLength,
  scalarBound,
  type LatticeSpec,
  type MechanismSpec,
} from "./spec.js";
