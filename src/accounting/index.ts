/**
 * A privacy accountant without dependencies: `import { ... } from "dpzo/accounting"`.
 *
 * @module
 */
export {
  type AccountingOptions,
  delta,
  type DeltaResult,
  type Enclosure,
  epsilon,
  type EpsilonResult,
  pureEpsilon,
} from "./accountant.js";
export { type Accountant, pldAccountant, rdpAccountant } from "./accountants.js";
export {
  calibrate,
  calibrateNoiseMultiplier,
  type CalibrationOptions,
  type CalibrationPhase,
  type NoiseQuestion,
  type PrivacyTarget,
} from "./calibrate.js";
export { curve } from "./curve.js";
export { AccountingError, type AccountingErrorCode } from "./errors.js";
export {
  composed,
  type ComposedEvent,
  discreteGaussian,
  type DiscreteGaussianEvent,
  discreteLaplace,
  type DiscreteLaplaceEvent,
  type Event,
  gaussian,
  type GaussianEvent,
  laplace,
  type LaplaceEvent,
  noOp,
  type NoOpEvent,
  nonPrivate,
  type NonPrivateEvent,
  parseEvent,
  poissonSampled,
  type PoissonSampledEvent,
  repeated,
  type RepeatedEvent,
} from "./events.js";
export { gaussianLogDelta } from "./gaussian-exact.js";
export { groupEpsilon, type Neighbouring, underRelation } from "./group.js";
export { rdpEpsilon, rdpOrders, type RdpResult } from "./rdp.js";
export type { Direction } from "./splat.js";
