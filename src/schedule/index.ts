export { ScheduleError } from "./errors.js";
export {
  dpAggzo,
  dpZero,
  dpZo,
  dpZopo,
  type DpZopoSettings,
  mezo,
  perStage,
  type PlainSettings,
} from "./presets.js";
export {
  type AdaptiveClipSpec,
  dpZoso,
  type DpZosoSettings,
  type ScheduleStage,
  stageOfStep,
  totalSteps,
} from "./stages.js";
