import { ScheduleError } from "./errors.js";
import type { MaskSpec } from "../masks/index.js";

/** How a clip threshold follows a quantile of the records' norms; see `src/replay/adaptive-clip.ts`. */
export interface AdaptiveClipSpec {
  /** Share of the records that are to be within the threshold, between 0 and 1. */
  readonly quantile: number;
  /** Most that a step changes the threshold by, relatively, times the distance to the quantile; between 0 and 1. */
  readonly rate: number;
  /** h: with what a record is counted, in lattice units. */
  readonly countSensitivity: number;
}

/** One stage of a schedule: everything that is constant between two reschedulings. */
export interface ScheduleStage {
  /** Noised updates in this stage. */
  readonly steps: number;
  /** alpha: the step size along the mean over directions. */
  readonly learningRate: number;
  /** phi: half the distance between the two points at which the loss is evaluated, in units of a direction. */
  readonly smoothing: number;
  /** `displacement`: `smoothing` is r, the length of a perturbation, and phi = r / sqrt(weights that move). */
  readonly smoothingUnit?: "displacement";
  /** K: directions a step. */
  readonly directions: number;
  /** `one-sided`: differences are taken to the unperturbed loss, K + 1 evaluations a record instead of 2 K. */
  readonly estimator?: "one-sided";
  /** c: bound on the L2 norm of one record's vector of K differences; on each of them where `clip` says so. */
  readonly clipThreshold: number;
  /** `per-scalar`: each difference is clipped on its own, at sqrt(K) times the noise. */
  readonly clip?: "per-scalar";
  /** c is where the threshold starts; from step to step it follows this quantile of the records' norms. */
  readonly adaptiveClip?: AdaptiveClipSpec;
  /** lambda: strength of the pull to the weights at the start of the stage; 0 for none. */
  readonly proximal: number;
  /** What is trained, as {@link import("../model/selection.js").selectTensors} reads it. */
  readonly train: string;
  /** Which of those weights move; absent: all. */
  readonly mask?: MaskSpec;
  /** B of this stage, where it is not the run's. */
  readonly expectedBatch?: number;
}

/** What DP-ZOSO needs to know to lay out its stages. */
export interface DpZosoSettings {
  /** T: noised updates of the whole run. */
  readonly steps: number;
  /** S: number of stages. */
  readonly stages: number;
  /** alpha_0, the first stage's learning rate. */
  readonly learningRate: number;
  /** phi of the first and of the last stage, in either order of size. */
  readonly smoothing: readonly [first: number, last: number];
  readonly directions: number;
  readonly clipThreshold: number;
  readonly proximal: number;
  /** One selection for all stages, or one a stage. */
  readonly train: readonly string[];
}

/**
 * DP-ZOSO's schedule: each stage halves the learning rate, doubles the length and moves the ZO scale
 * geometrically from its first to its last value.
 *
 * The lengths are in proportion 1 : 2 : 4 ... and add up to `steps` exactly; what does not divide goes to the
 * last stage. One stage is the plain method.
 *
 * @throws {ScheduleError} `bad-schedule` when there are fewer steps than stages need, or not one selection or
 *   one a stage.
 *
 * @example
 * dpZoso({ steps: 700, stages: 3, learningRate: 0.1, smoothing: [1e-2, 1e-3], directions: 32,
 *   clipThreshold: 60, proximal: 0, train: ["head"] }).map(({ steps }) => steps); // [100, 200, 400]
 *
 * @see methods.md 1.4; DP-ZOSO, arXiv 2402.07818; stagewise START, Yuan et al. 2019.
 */
export function dpZoso(settings: DpZosoSettings): readonly ScheduleStage[] {
  const { stages: count, train } = settings;
  const lengths = stageLengths(settings.steps, count);
  if (train.length !== 1 && train.length !== count) {
    throw new ScheduleError("bad-schedule", {
      message: `${train.length} selections of what to train for ${count} stages.`,
      value: train,
      expected: "one selection, or one for each stage",
    });
  }
  return lengths.map((steps, index) => ({
    steps,
    learningRate: settings.learningRate / 2 ** index,
    smoothing: geometric(settings.smoothing, index, count),
    directions: settings.directions,
    clipThreshold: settings.clipThreshold,
    proximal: settings.proximal,
    train: train[index] ?? train[0] ?? "",
  }));
}

/** Splits `steps` into `count` lengths in proportion 1 : 2 : 4 ..., the remainder in the last. */
function stageLengths(steps: number, count: number): readonly number[] {
  const unit = Math.floor(steps / (2 ** count - 1));
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(steps) || unit < 1) {
    throw new ScheduleError("bad-schedule", {
      message: `${steps} steps cannot be split into ${count} stages of doubling length.`,
      value: { steps, stages: count },
      expected: `a whole number of stages, and at least 2^stages - 1 steps`,
      next: "Use fewer stages or more steps.",
    });
  }
  const lengths = Array.from({ length: count }, (_, index) => unit * 2 ** index);
  const used = lengths.reduce((sum, length) => sum + length, 0);
  return lengths.map((length, index) => (index === count - 1 ? length + steps - used : length));
}

/** phi_s = first * (last / first)^(s / (S - 1)): hits both ends, rising or falling (methods.md, D6). */
function geometric([first, last]: readonly [number, number], index: number, count: number): number {
  if (index === 0) return first;
  if (index === count - 1) return last;
  return first * (last / first) ** (index / (count - 1));
}

/** The stage (0 upwards) that step `step` (1 upwards) belongs to, or undefined after the end. */
export function stageOfStep(stages: readonly { readonly steps: number }[], step: number): number | undefined {
  let end = 0;
  const index = stages.findIndex(({ steps }) => step <= (end += steps));
  return step < 1 || index === -1 ? undefined : index;
}

/** Steps of the whole schedule. */
export function totalSteps(stages: readonly { readonly steps: number }[]): number {
  return stages.reduce((sum, { steps }) => sum + steps, 0);
}
