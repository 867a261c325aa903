/**
 * The closed-form privacy statements and utility rates of the paper family, as functions with their sources, beside
 * what the numeric accountant says of the same run: `import { ... } from "dpzo/theory"`. docs/theory.md has the table.
 *
 * @module
 */
export { type Comparison } from "./comparison.js";
export {
  advancedComposition,
  type ApproximateComposition,
  basicComposition,
  compareComposition,
  kairouzComposition,
  type PureComposition,
} from "./composition.js";
export {
  aggZoClip,
  aggZoClippingError,
  type Clip,
  compareDirections,
  compareKIndependence,
  type DirectionsComparison,
  type DirectionsRun,
  effectiveNoiseMultiplier,
  jointSensitivity,
} from "./directions.js";
export { compareDpZero, type DpZeroNoise, dpZeroNoise, type DpZeroRun } from "./dpzero.js";
export { compareGroup, groupGuarantee, type Guarantee } from "./group.js";
export {
  amplifiedEpsilon,
  compareLaplace,
  compareLaplacePure,
  type LaplaceComparisons,
  laplacePureEpsilon,
  type LaplaceRun,
} from "./laplace.js";
export {
  compareMoments,
  gaussianLimitConstant,
  momentsFormApplies,
  momentsNoise,
  neededMomentsConstant,
  type SampledRun,
} from "./moments.js";
export {
  directionVariance,
  noiseVariance,
  oneStepDecrease,
  plannedSignal,
  signalToNoise,
  signalToNoiseCeiling,
  usefulDirections,
} from "./signal.js";
export { dpZeroEvaluations, dpZeroUtility, type UtilitySetting, vectorNoiseUtility } from "./utility.js";
